/** The encryption types that are spoken, with their lengths and numbers (RFC 3962 section 7, RFC 8009 section 6). */

/** An encryption type. */
export interface Enctype {
    /** The number on the wire. */
    readonly number: number;
    /** The name in its standard. */
    readonly name: string;
    /** How keys are derived and messages sealed: RFC 3961 section 5.3, or RFC 8009 section 5. */
    readonly profile: "simplified" | "aes-sha2";
    /** WebCrypto's name of the hash below HMAC and PBKDF2. */
    readonly hash: "SHA-1" | "SHA-256" | "SHA-384";
    /** Octets of a key. */
    readonly keyLength: number;
    /** Octets of a checksum. */
    readonly checksumLength: number;
    /** The number of its checksum on the wire. */
    readonly checksumType: number;
    /** Rounds that make a key of a password if the KDC does not say how many. */
    readonly iterations: number;
}

const AES128_SHA1: Enctype = {
    number: 17,
    name: "aes128-cts-hmac-sha1-96",
    profile: "simplified",
    hash: "SHA-1",
    keyLength: 16,
    checksumLength: 12,
    checksumType: 15,
    iterations: 4096,
};

const AES256_SHA1: Enctype = {
    ...AES128_SHA1,
    number: 18,
    name: "aes256-cts-hmac-sha1-96",
    keyLength: 32,
    checksumType: 16,
};

const AES128_SHA2: Enctype = {
    number: 19,
    name: "aes128-cts-hmac-sha256-128",
    profile: "aes-sha2",
    hash: "SHA-256",
    keyLength: 16,
    checksumLength: 16,
    checksumType: 19,
    iterations: 32768,
};

const AES256_SHA2: Enctype = {
    ...AES128_SHA2,
    number: 20,
    name: "aes256-cts-hmac-sha384-192",
    hash: "SHA-384",
    keyLength: 32,
    checksumLength: 24,
    checksumType: 20,
};

/** All of them, best first. */
export const ENCTYPES: readonly Enctype[] = [AES256_SHA2, AES128_SHA2, AES256_SHA1, AES128_SHA1];

/** The one with this number, if it is spoken. */
export function enctype(number: number): Enctype | undefined {
    return ENCTYPES.find((enctype) => enctype.number === number);
}
