/** What the demo says of itself: its realm, its users, and what to type beside the page. */

/** A user of the demo. */
export interface User {
    readonly name: string;
    readonly password: string;
    /** What is special about it. */
    readonly about: string;
}

/** What the demo says of itself. */
export interface Setup {
    /** The Kerberos realm. */
    readonly realm: string;
    /** The service that tickets are for. */
    readonly spn: string;
    /** The address of the operators' page. */
    readonly manage: string;
    readonly users: readonly User[];
    /** Commands, one a line. */
    readonly type: readonly string[];
}

/** Asks the gateway that served the page. */
export async function setUp(): Promise<Setup> {
    const answer = await fetch("/setup.json", { cache: "no-store" });
    if (!answer.ok) {
        throw new Error(`the gateway answers ${answer.status} for setup.json`);
    }
    return (await answer.json()) as Setup;
}
