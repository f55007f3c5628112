/** Octets as text in base64 (RFC 4648 section 4), and back. */

/** The text of these octets. */
export function encodeBase64(octets: Uint8Array): string {
    let signs = "";
    for (const octet of octets) {
        signs += String.fromCharCode(octet);
    }
    return btoa(signs);
}

/** The octets of this text; `undefined` if it is not base64. */
export function decodeBase64(text: string): Uint8Array | undefined {
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
        return undefined;
    }
    return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}
