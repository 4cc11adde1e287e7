// `npm start`: builds what changed, then runs the service in this process.
import "./build.mjs";

await import("../dist/workers/main.js");
