/** Names and passwords in the scheme `Basic` (RFC 7617). */

import { encodeBase64 } from "./base64.js";
import { ChallengeResponse, isOfScheme, type ChallengeHandler, type ChallengeRequest } from "./challenge.js";
import type { LoginHandler } from "./login.js";

/**
 * Answers `Basic` with the name and the password that a {@link LoginHandler} gets from the user.
 *
 * Both are sent in UTF-8, which is what gateways read. As long as the password is wrong the user is
 * asked again.
 */
export class BasicChallengeHandler implements ChallengeHandler {
    /** Asks the users of every realm that has no handler of its own. */
    loginHandler: LoginHandler | null;
    readonly #realms = new Map<string, LoginHandler>();

    constructor(loginHandler: LoginHandler | null = null) {
        this.loginHandler = loginHandler;
    }

    /** Has the users of a realm, by the name in its challenges, asked by this handler; `null` takes it back. */
    setRealmLoginHandler(realm: string, loginHandler: LoginHandler | null): this {
        if (loginHandler === null) {
            this.#realms.delete(realm);
        } else {
            this.#realms.set(realm, loginHandler);
        }
        return this;
    }

    canHandle(request: ChallengeRequest): boolean {
        return isOfScheme(request, "Basic") && this.#handlerOf(request) !== null;
    }

    /** @throws TypeError if the name or the password cannot be sent: a colon in the name, or control characters */
    async handle(request: ChallengeRequest): Promise<ChallengeResponse | null> {
        const login = await this.#handlerOf(request)?.(request);
        if (login === null || login === undefined) {
            return null;
        }
        const { username, password } = login;
        if (username.includes(":")) {
            throw new TypeError("a name with a colon cannot be sent in the scheme Basic");
        }
        if (/[\u0000-\u001f\u007f]/.test(username + password)) {
            throw new TypeError("a name or a password with control characters cannot be sent in the scheme Basic");
        }
        const octets = new TextEncoder().encode(`${username}:${password}`);
        const credentials = `Basic ${encodeBase64(octets)}`;
        octets.fill(0);
        return new ChallengeResponse(credentials);
    }

    #handlerOf(request: ChallengeRequest): LoginHandler | null {
        return this.#realms.get(request.parameters.get("realm") ?? "") ?? this.loginHandler;
    }
}
