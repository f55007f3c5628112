/** Names and passwords in the scheme Basic. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BasicChallengeHandler, PasswordAuthentication } from "../../src/index.js";
import { request } from "./request.js";

const DEMO = request('Application Basic realm="demo"');

async function credentials(username: string, password: string): Promise<string | null | undefined> {
    const handler = new BasicChallengeHandler(() => new PasswordAuthentication(username, password));
    return (await handler.handle(DEMO))?.credentials;
}

test("a name and a password are sent in UTF-8", async () => {
    // RFC 7617 sections 2 and 2.1.
    assert.equal(await credentials("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert.equal(await credentials("test", "123\u00a3"), "Basic dGVzdDoxMjPCow==");
    assert.equal(await credentials("", ""), "Basic Og==");
});

test("what the scheme cannot carry is refused, and not shown", async () => {
    for (const [name, password] of [["a:b", "s3cret"], ["a", "s3cret\n"], ["a\u0000", "s3cret"]] as const) {
        await assert.rejects(credentials(name, password), (error) => {
            assert.ok(error instanceof TypeError);
            assert.doesNotMatch(error.message, /s3cret/);
            return true;
        });
    }
    assert.equal(await credentials("a", "b:c"), "Basic YTpiOmM=");
});

test("a realm may have a login handler of its own", async () => {
    const asked: string[] = [];
    const asking = (name: string) => () => {
        asked.push(name);
        return null;
    };
    const handler = new BasicChallengeHandler().setRealmLoginHandler("demo", asking("demo"));
    assert.equal(handler.canHandle(DEMO), true);
    assert.equal(handler.canHandle(request('Basic realm="other"')), false, "nobody to ask");
    handler.loginHandler = asking("all");
    for (const realm of ["demo", "other"]) {
        assert.equal(await handler.handle(request(`Basic realm="${realm}"`)), null);
    }
    handler.setRealmLoginHandler("demo", null);
    await handler.handle(DEMO);
    assert.deepEqual(asked, ["demo", "all", "all"]);
});

test("other schemes are not for it", () => {
    const handler = new BasicChallengeHandler(() => null);
    assert.equal(handler.canHandle(request("BASIC")), true);
    assert.equal(handler.canHandle(request("Negotiate")), false);
});

test("a log shows no password", () => {
    assert.doesNotMatch(JSON.stringify(new PasswordAuthentication("joe", "welcome")), /welcome/);
});
