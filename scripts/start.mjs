// `npm start`: builds what changed, then runs the service in this process. It ends when npm ends, whatever ended npm.
import { endWithNpm } from "./processes.mjs";

endWithNpm();
await import("./build.mjs");
await import("../dist/workers/main.js");
