/** Certificates made at run time, by the code that makes those of the demo. */
export * from "../../src/workers/certificates.js";
