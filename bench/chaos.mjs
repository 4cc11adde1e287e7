// `npm run chaos`: compiles the faults when they changed, and runs them.
import { runCompiled } from "./compile.mjs";

runCompiled("bench/chaos/main.js");
