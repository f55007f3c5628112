/** The reader and the writer of DER, and octets that should not be read. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
    consume,
    DerError,
    type DerFault,
    element,
    field,
    flags,
    integer,
    MAX_LENGTH,
    octetString,
    Reader,
    sequence,
    string,
    TAG,
    time,
} from "../../src/kerberos/der.js";
import { KerberosError } from "../../src/kerberos/error.js";
import { concat, hex, type Octets, utf8, unhex } from "../../src/kerberos/octets.js";

function refused(fault: DerFault, read: () => unknown): void {
    assert.throws(
        read,
        (error) => error instanceof DerError && error instanceof KerberosError && error.fault === fault,
    );
}

function reader(digits: string): Reader {
    return new Reader(unhex(digits));
}

test("numbers come back as they were written, in as few octets as there can be", () => {
    for (const number of [
        0, 1, 127, 128, 255, 256, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, -1, -128, -129, -0x8000_0000,
    ]) {
        assert.equal(new Reader(integer(number)).integer(), number);
    }
    assert.equal(hex(integer(128)), "02020080");
    assert.equal(hex(integer(-128)), "020180");
    assert.equal(hex(integer(0xffff_ffff)), "020500ffffffff");
});

test("numbers that are not minimal, empty or out of range are refused", () => {
    for (const digits of ["0200", "02020001", "0202ff80", "02050100000000", "0205ff7fffffff", "0206000000000001"]) {
        refused("NUMBER", () => reader(digits).integer());
    }
});

test("times come back as they were written, to the second", () => {
    for (const moment of [0, 1_767_225_600_000, Date.UTC(2038, 0, 19, 3, 14, 8), Date.UTC(9999, 11, 31, 23, 59, 59)]) {
        assert.equal(new Reader(time(moment + 999)).time(), moment);
    }
    assert.equal(hex(time(1_767_225_600_042)), hex(element(TAG.GENERALIZED_TIME, utf8("20260101000000Z"))));
});

test("times that do not exist are refused", () => {
    const never = [
        "20260230000000Z",
        "20261301000000Z",
        "20260101240000Z",
        "20260101006000Z",
        "2026010100000Z",
        "20260101000000+",
        "soon",
        "",
    ];
    for (const text of [...never, "20260101000000.5Z"]) {
        refused("TIME", () => new Reader(element(TAG.GENERALIZED_TIME, utf8(text))).time());
    }
});

test("flags come back as they were written, and fewer or more than 32 are read", () => {
    for (const word of [0, 1, 0x8000_0000, 0x4081_0010, 0xffff_ffff]) {
        assert.equal(new Reader(flags(word)).flags(), word);
    }
    assert.equal(reader("03020780").flags(), 0x8000_0000);
    assert.equal(reader("030207ff").flags(), 0x8000_0000);
    assert.equal(reader("030100").flags(), 0);
    assert.equal(reader("030600ffffffffff").flags(), 0xffff_ffff);
    for (const digits of ["0300", "030101", "03020880"]) {
        refused("NUMBER", () => reader(digits).flags());
    }
});

test("lengths of every form come back", () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536, MAX_LENGTH - 5]) {
        assert.equal(new Reader(octetString(new Uint8Array(length))).octetString().length, length);
    }
});

test("lengths that are indefinite, not minimal, or of more than there is are refused", () => {
    for (const digits of ["0480", "04817f", "0482007f", "0484000000ff", "0485ffffffffff", "04ff"]) {
        refused("LENGTH", () => reader(digits).octetString());
    }
    for (const digits of ["04", "0401", "0482", "048201", "0483ffffff", "30030401"]) {
        refused("CUT_SHORT", () => reader(digits).element());
    }
    refused("LENGTH", () => new Reader(new Uint8Array(MAX_LENGTH + 1)));
});

test("another tag than must stand there, and tags of several octets, are refused", () => {
    refused("TAG", () => reader("0401aa").integer());
    refused("TAG", () => reader("1f810001aa").element());
    refused("TAG", () => reader("30030401aa").field(0, (inside) => inside.octetString()));
    assert.equal(
        reader("a1030401aa").optional(0, (inside) => inside.octetString()),
        undefined,
    );
});

test("what follows the end of a field, a sequence or a message is refused", () => {
    refused("TRAILING", () => reader("a0060201010201aa").field(0, (inside) => inside.integer()));
    refused("TRAILING", () => reader("3006020101020102").sequence((fields) => fields.integer()));
    refused("TRAILING", () => Reader.message(unhex("6a02300000"), 0x6a, () => undefined));
    refused("TRAILING", () => Reader.message(unhex("6a0430000500"), 0x6a, () => undefined));
});

test("text that is not UTF-8 is refused", () => {
    assert.equal(new Reader(string("用户")).string(), "用户");
    assert.equal(new Reader(string("\ufeffa")).string(), "\ufeffa");
    refused("TEXT", () => reader("1b02c328").string());
});

test("nesting has a bottom, and lists have an end", () => {
    const nest = (depth: number): Octets => (depth === 0 ? integer(1) : sequence(nest(depth - 1)));
    const dive = (inside: Reader): number => (inside.next === TAG.SEQUENCE ? inside.sequence(dive) : inside.integer());
    assert.equal(dive(new Reader(nest(30))), 1);
    refused("DEPTH", () => dive(new Reader(nest(60))));
    const list = sequence(...Array.from({ length: 257 }, () => integer(1)));
    refused("COUNT", () => new Reader(list).list((inside) => inside.integer()));
});

test("what is written around a secret leaves no other copy of it", () => {
    const inner = octetString(utf8("secret"));
    const whole = consume(TAG.SEQUENCE, undefined, inner);
    assert.equal(hex(whole), hex(sequence(octetString(utf8("secret")))));
    assert.ok(inner.every((octet) => octet === 0));
});

test("fields that are absent are not written", () => {
    assert.equal(hex(sequence(field(0, undefined), field(1, integer(5)))), "3005a103020105");
    assert.equal(hex(concat()), "");
});
