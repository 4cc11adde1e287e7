/** A filter's syntax tree: what is allowed in it, and the meter that ends an evaluation which does too much. */
import { after, around, change, operandsOf, type CelNode as Node } from "./cel.js";
import { asIntegerArgument, quotient } from "./filter-numbers.js";
import { compilePattern, MAX_SUBJECT_LENGTH } from "./filter-pattern.js";

/** Loops (all, exists, exists_one, filter, map) in each other, and in the whole filter. */
const MAX_LOOP_DEPTH = 2;
const MAX_LOOPS = 8;
/**
 * What loops, comparisons and functions may cost. A step is one node that a loop evaluates, one value compared within
 * others, or 512 characters read. Steps are counted instead of timed, so that the same event has the same result on a
 * busy machine. 10,000 take some 1 ms (docs/explanation/decisions/filters-use-cel-confined-and-metered.md).
 */
const MAX_STEPS = 10_000;
const CHARACTERS_SHIFT = 9;
/** A character costs a pattern as much as its program is long. 128 of those products make a step. */
const PATTERN_SHIFT = 7;
/** Characters or elements that `+` may make. */
const MAX_MADE = 65_536;
/** Characters that a conversion (int, double, timestamp, …) reads. */
const MAX_CONVERTED = 128;

/** Everything linear in its operands. What joins, splits or binds values could grow them without bound. */
const FUNCTIONS = new Set([
  "size",
  "contains",
  "startsWith",
  "endsWith",
  "indexOf",
  "lastIndexOf",
  "substring",
  "lowerAscii",
  "upperAscii",
  "trim",
  "dyn",
  "type",
  "getFullYear",
  "getMonth",
  "getDate",
  "getDayOfMonth",
  "getDayOfWeek",
  "getDayOfYear",
  "getHours",
  "getMinutes",
  "getSeconds",
  "getMilliseconds",
]);
const CONVERSIONS = new Set(["int", "uint", "double", "string", "bool", "timestamp", "duration"]);
/** Functions that take integers only, where a number of JSON is meant as one. */
const TAKE_INTEGERS = new Set(["substring", "indexOf", "lastIndexOf", "timestamp"]);

/** Thrown within an evaluation. CEL's `||` and `&&` may swallow it, so the meter remembers it too. */
class OverBudget extends Error {}
/** Like the library's own: the operands are of the wrong kind. */
class WrongOperand extends Error {
  readonly code = "no_such_overload";
}

/**
 * What an evaluation may still do. Evaluations are synchronous and never within each other, so that one meter serves
 * all.
 */
class Meter {
  over = false;
  #steps = 0;
  start(): void {
    this.over = false;
    this.#steps = 0;
  }
  charge(steps: number): void {
    this.#steps += steps;
    if (this.over || this.#steps > MAX_STEPS) this.exceed();
  }
  exceed(): never {
    this.over = true;
    throw new OverBudget();
  }
}
export const meter = new Meter();

/** What is wrong with the program. `offset` is its place in the text. */
export interface ProgramFault {
  offset: number;
  reason: string;
}

/** What a walk over the tree found. */
export interface Confined {
  fault?: ProgramFault;
  /**
   * Means something else than its writer thinks, most likely. Refused when a filter is saved. What was saved before
   * goes on.
   */
  doubt?: ProgramFault;
}

/**
 * Checks a type-checked tree against the lists above and puts the meter into it. The library has no limit at run time
 * and matches regular expressions by backtracking. Both are mended here, in its own tree (src/catalogue/cel.ts).
 */
export function confine(root: Node): Confined {
  const walk = new Walk();
  walk.visit(root, 0);
  return { ...(walk.fault && { fault: walk.fault }), ...(walk.doubt && { doubt: walk.doubt }) };
}

class Walk {
  fault: ProgramFault | undefined;
  doubt: ProgramFault | undefined;
  #loops = 0;
  readonly #seen = new Set<Node>();

  /** Gives how many nodes one evaluation of this one touches, without the rounds of loops in it. */
  visit(node: Node, depth: number): number {
    if (this.#seen.has(node)) return 1;
    this.#seen.add(node);
    if (node.meta.alternate) return this.visit(node.meta.alternate, depth);
    // `has` is a chain of fields. `cel.bind` could double a text at every use.
    if (node.meta.macro)
      return node.op === "call" && (node.args as [string])[0] === "has"
        ? 1
        : this.#refuse(node, "this function is not allowed in a filter");
    const children = operandsOf(node);
    if (!children) return this.#refuse(node, "this construct is not allowed in a filter");
    if (node.op === "comprehension") return this.#loop(node, children, depth);
    const size = children.reduce((sum, child) => sum + this.visit(child, depth), 1);
    this.#confine(node, children);
    return size;
  }

  #loop(node: Node, [iterable, init, step]: Node[], depth: number): number {
    if (depth >= MAX_LOOP_DEPTH) return this.#refuse(node, `loops may be in each other ${MAX_LOOP_DEPTH} deep`);
    if (++this.#loops > MAX_LOOPS) return this.#refuse(node, `a filter may hold ${MAX_LOOPS} loops`);
    if (!iterable || !init || !step) return this.#refuse(node, "this construct is not allowed in a filter");
    const before = this.visit(iterable, depth) + this.visit(init, depth);
    const round = this.visit(step, depth + 1);
    around(step, () => meter.charge(round));
    return before + 1;
  }

  #confine(node: Node, children: Node[]): void {
    if (node.op === "call" || node.op === "rcall") return this.#call(node, children, (node.args as [string])[0]);
    const [left, right] = children;
    if ((node.op === "==" || node.op === "!=" || node.op === "in") && left && right) {
      let first: unknown;
      after(left, (value) => {
        first = value;
      });
      after(right, (value) => chargeComparison(first, value, node.op === "in"));
    }
    if (node.op === "+")
      after(node, (made) => {
        if (lengthOf(made) > MAX_MADE) meter.exceed();
        else chargeText(made);
      });
    if ((node.op === "/" || node.op === "%") && left && right) this.#divide(node, left, right);
    if (CALCULATE.has(node.op) && left && right) {
      if (typeOf(left) === "double") this.#doubtTruncation(right);
      if (typeOf(right) === "double") this.#doubtTruncation(left);
    }
  }

  /**
   * Integers out of JSON are divided as its other numbers are. Integers that the filter makes itself are divided as CEL
   * says.
   */
  #divide(node: Node, left: Node, right: Node): void {
    const { handle } = node;
    if (node.op === "/" && handle && (left.checkedType?.hasDynType || right.checkedType?.hasDynType)) {
      node.handle = (a, b, ast, evaluator) =>
        typeof a === "bigint" && typeof b === "bigint" ? quotient(a, b) : handle(a, b, ast, evaluator);
    }
    const [dividend, divisor] = [literalOf(left), literalOf(right)];
    if (divisor !== undefined && Number(divisor) === 0)
      this.doubt ??= { offset: right.start, reason: "a division by zero" };
    else if (typeof dividend === "bigint" && typeof divisor === "bigint" && dividend % divisor !== 0n)
      this.#doubtTruncation(node);
  }

  #doubtTruncation(node: Node): void {
    if (node.op !== "/" || !INTEGERS.has(typeOf(node))) return;
    this.doubt ??= {
      offset: node.start,
      reason: "a division of integers leaves the fraction out: write 1.0 / 2.0 with decimal points, or double(a) / b",
    };
  }

  #call(node: Node, children: Node[], name: string): void {
    if (node.op === "rcall" && name === "matches") return this.#matches(node, children);
    if (CONVERSIONS.has(name)) {
      for (const child of children)
        after(child, (given) => {
          if (lengthOf(given) > MAX_CONVERTED) throw new WrongOperand();
        });
    } else if (!FUNCTIONS.has(name)) return void this.#refuse(node, "this function is not allowed in a filter");
    // The subject of a method is a text, so that only arguments become integers.
    if (TAKE_INTEGERS.has(name)) for (const child of children) change(child, asIntegerArgument);
    for (const child of children) after(child, chargeText);
  }

  #matches(node: Node, [subject, pattern]: Node[]): void {
    if (!subject || pattern?.op !== "value" || typeof pattern.args !== "string")
      return void this.#refuse(pattern ?? node, "the regular expression must be written out");
    const compiled = compilePattern(pattern.args);
    if (!compiled.ok) return void this.#refuse(pattern, compiled.reason);
    node.evaluate = (evaluator, _node, context) => {
      const text: unknown = subject.evaluate(evaluator, subject, context);
      if (typeof text !== "string") throw new WrongOperand();
      if (text.length > MAX_SUBJECT_LENGTH) meter.exceed();
      meter.charge((text.length * compiled.size) >> PATTERN_SHIFT);
      return compiled.found(text);
    };
  }

  #refuse({ start }: Node, reason: string): number {
    this.fault ??= { offset: start, reason };
    return 0;
  }
}

/** Operators that calculate with numbers or compare them. */
const CALCULATE = new Set(["+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!="]);
const INTEGERS = new Set(["int", "uint"]);
const typeOf = ({ checkedType }: Node): string => checkedType?.name ?? "";

/** The number that is written here. */
function literalOf({ op, args }: Node): number | bigint | undefined {
  if (op === "-_") return literalOf(args as Node);
  return op === "value" && (typeof args === "bigint" || typeof args === "number") ? args : undefined;
}

function chargeText(value: unknown): void {
  if (typeof value === "string") meter.charge(value.length >> CHARACTERS_SHIFT);
}

/**
 * Two values are compared as deep as they go. A list is searched by comparing each of its elements, and a map by its
 * index.
 */
function chargeComparison(left: unknown, right: unknown, searched: boolean): void {
  if (searched)
    return Array.isArray(right) ? right.forEach((element) => chargeComparison(left, element, false)) : undefined;
  if (typeof left === "string" && typeof right === "string")
    return meter.charge(1 + (Math.min(left.length, right.length) >> CHARACTERS_SHIFT));
  meter.charge(1);
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return;
  for (const [key, value] of Object.entries(left))
    chargeComparison(value, (right as Record<string, unknown>)[key], false);
}

const lengthOf = (value: unknown): number => (typeof value === "string" || Array.isArray(value) ? value.length : 0);
