/** Who asks the user for a name and a password. */

import type { ChallengeRequest } from "./challenge.js";

/** A user's name and password, as the user wrote them. */
export class PasswordAuthentication {
    constructor(
        readonly username: string,
        readonly password: string,
    ) {}

    /** What a log may show. */
    toJSON(): object {
        return { username: this.username, password: `${this.password.length} characters` };
    }
}

/**
 * Asks the user. `null` says that the user does not want to.
 *
 * The request tells who asks (`location`, the realm in `parameters`), whether the last password was
 * wrong (`attempt` above 1), and when the question is not wanted any more (`signal`).
 */
export type LoginHandler = (
    request: ChallengeRequest,
) => Promise<PasswordAuthentication | null> | PasswordAuthentication | null;
