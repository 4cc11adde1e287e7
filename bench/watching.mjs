// `npm run watching`: compiles the measurements when they changed, and runs them.
import { runCompiled } from "./compile.mjs";

runCompiled("bench/watching/main.js");
