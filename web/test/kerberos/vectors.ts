/** The tables of published known answers beside the Rust sources, and the recorded messages of the repository. */

import { readdirSync, readFileSync } from "node:fs";

import { type Octets, unhex } from "../../src/kerberos/octets.js";

/** The repository, from where the built tests stand. */
const repository = new URL("../../../../", import.meta.url);

/** The octets of a file of the repository. */
export function file(path: string): Octets {
    return new Uint8Array(readFileSync(new URL(path, repository)));
}

/** The names in a folder of the repository. */
export function names(folder: string): string[] {
    return readdirSync(new URL(folder, repository)).sort();
}

/** The lines of a table of krb/src/crypto/tests/vectors that have one of these enctypes, each cut into its columns. */
export function rows(table: string, enctypes?: readonly number[]): string[][] {
    const text = new TextDecoder().decode(file(`krb/src/crypto/tests/vectors/${table}.txt`));
    const all = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const cut = all.map((line) => line.split("|").map((column) => column.trim()));
    return cut.filter(([first]) => enctypes?.includes(Number(first)) ?? true);
}

/** A column: text in quotation marks, hexadecimal digits, or - for none. */
export function octets(column: string | undefined): Octets {
    const text = /^"(.*)"$/.exec(column ?? "")?.[1];
    if (text !== undefined) {
        return new Uint8Array(new TextEncoder().encode(text));
    }
    return column === "-" ? new Uint8Array(0) : unhex(column ?? "");
}
