/**
 * Numbers in filters. A literal such as `2` is an integer of CEL, and a number of JSON is a double. CEL has no
 * arithmetic between the two (https://github.com/google/cel-spec/blob/master/doc/langdef.md#numeric-values). People who
 * write `data.n % 2 == 0` mean the numbers and not their types, so a mixed operation calculates with the values.
 */
import type { CelInteger as Whole, CelOperators } from "./cel.js";

type Operator = "+" | "-" | "*" | "/" | "%";

const MIXED = [
  ["int", "double"],
  ["double", "int"],
  ["uint", "double"],
  ["double", "uint"],
  ["int", "uint"],
  ["uint", "int"],
] as const;
const [LEAST_INT, GREATEST_INT] = [-(2n ** 63n), 2n ** 63n - 1n];

/** Like the library's own errors: `code` becomes part of the reason for which a delivery is parked. */
class ArithmeticFault extends Error {
  readonly code: string;
  constructor(code: "division_by_zero" | "modulo_by_zero") {
    super(code);
    this.code = code;
  }
}

/**
 * Adds the operators that CEL leaves out: between integers and doubles, the remainder of doubles, and equality of what
 * is typed differently.
 */
export function mixNumbers(operators: CelOperators): void {
  for (const [left, right] of MIXED) {
    // The result is a double, or an integer where a double would be another number, so its type is only known at run
    // time.
    for (const operator of ["+", "-", "*", "/", "%"] as const) {
      operators.registerOperator(`${left} ${operator} ${right}: dyn`, (a: number | Whole, b: number | Whole) =>
        calculate(operator, plain(a), plain(b)),
      );
    }
  }
  // Each makes the other order and `!=` too.
  for (const pair of ["int == double", "uint == double", "int == uint"]) {
    operators.registerOperator(pair, (a: number | Whole, b: number | Whole) => isEqual(plain(a), plain(b)));
  }
  operators.registerOperator("double % double", remainder);
}

const plain = (value: number | Whole): number | bigint => (typeof value === "object" ? value.valueOf() : value);
/** The engine compares the mathematical values: 2^53 + 1 as an integer is no double. */
const isEqual = (a: number | bigint, b: number | bigint): boolean => a >= b && a <= b;

function calculate(operator: Operator, a: number | bigint, b: number | bigint): number | bigint {
  if (b === 0n && operator === "/") throw new ArithmeticFault("division_by_zero");
  const quick = asDoubles(operator, Number(a), Number(b));
  if (isExact(a) && isExact(b) && (operator === "/" || Number.isSafeInteger(quick))) return quick === 0 ? 0 : quick;
  const [wholeA, wholeB] = [wholeOf(a), wholeOf(b)];
  if (wholeA === undefined || wholeB === undefined) return quick;
  if (operator === "/") return quotient(wholeA, wholeB);
  return jsonNumber(asIntegers(operator, wholeA, wholeB));
}

/** Whether the number is an integer that a double holds exactly, so that doubles calculate with it as integers do. */
const isExact = (value: number | bigint): boolean => Number.isSafeInteger(Number(value));

function asDoubles(operator: Operator, a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return remainder(a, b);
  }
}

function asIntegers(operator: Exclude<Operator, "/">, a: bigint, b: bigint): bigint {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "%":
      return a % b;
  }
}

/** The sign is that of the dividend, as in CEL's own remainder of integers. NaN would match nothing in silence. */
function remainder(a: number, b: number): number {
  if (b === 0) throw new ArithmeticFault("modulo_by_zero");
  return a % b;
}

const wholeOf = (value: number | bigint): bigint | undefined =>
  typeof value === "bigint" ? value : Number.isSafeInteger(value) ? BigInt(value) : undefined;

/**
 * As `payloadForFilter` reads a number: a double, or an integer where a double would round it. Beyond 64 bits a double
 * again.
 */
function jsonNumber(value: bigint): number | bigint {
  const rounded = Number(value);
  return Number.isSafeInteger(rounded) || value < LEAST_INT || value > GREATEST_INT ? rounded : value;
}

/**
 * The quotient of two integers out of JSON, as of any other two numbers of JSON: with its fraction. Whether a number is
 * beyond 2^53 must not decide whether `data.total / 100` leaves something out.
 */
export function quotient(a: bigint, b: bigint): number | bigint {
  if (b === 0n) throw new ArithmeticFault("division_by_zero");
  return a % b === 0n ? jsonNumber(a / b) : Number(a) / Number(b);
}

/**
 * A number of JSON as the integer that a function wants. A number with a fraction stays as it is, and the function
 * refuses it.
 */
export const asIntegerArgument = (value: unknown): unknown =>
  typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
