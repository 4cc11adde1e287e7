// `npm run upgrade`: compiles the trial of an upgrade when it changed, and runs it.
import { runCompiled } from "./compile.mjs";

runCompiled("bench/upgrade/main.js");
