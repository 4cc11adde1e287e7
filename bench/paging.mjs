// `npm run paging`: compiles the measurement when it changed, and runs it.
import { runCompiled } from "./compile.mjs";

runCompiled("bench/paging/main.js");
