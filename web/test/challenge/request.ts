/** Challenges as handlers are asked them. */

import type { ChallengeRequest } from "../../src/index.js";
import { parseChallenges } from "../../src/challenge/parser.js";

/** A challenge from a place. */
export function request(challenge: string, location = "ws://localhost/echo"): ChallengeRequest {
    const [parsed] = parseChallenges([challenge]);
    if (parsed === undefined) {
        throw new Error("no challenge");
    }
    return {
        location,
        authenticationScheme: parsed.scheme,
        authenticationParameters: parsed.rest,
        parameters: parsed.parameters,
        attempt: 1,
        signal: new AbortController().signal,
    };
}
