/** What a page gets by importing the package. */

export * from "./challenge/index.js";
export * from "./kerberos/index.js";
export * from "./websocket/index.js";
