/**
 * The CEL library. Only this file imports it (eslint.config.js), and only this file knows how its syntax tree evaluates
 * itself. The library's types leave that out, so its version is pinned and tests hold what is said here.
 */
import { Environment, EvaluationError, ParseError, TypeError as CelTypeError } from "@marcbachmann/cel-js";

type Evaluate = (evaluator: unknown, node: CelNode, context: unknown) => unknown;
type Operate = (left: unknown, right: unknown, node: CelNode, evaluator: unknown) => unknown;

/** A node of the tree at run time. The library's types leave out evaluation, and what macros expand to. */
export interface CelNode {
  op: string;
  args: unknown;
  /** Into the text, in UTF-16 units. */
  start: number;
  meta: { alternate?: CelNode; macro?: object };
  evaluate: Evaluate;
  /** Of an operator: what is done with its operands once they are evaluated. */
  handle?: Operate;
  checkedType?: { name: string; hasDynType: boolean };
}

/** The `args` of a node whose `op` is `comprehension`. */
export interface CelLoop {
  iterVarName: string;
  iterable: CelNode;
  init: CelNode;
  step: CelNode;
}

/** An integer of CEL: a bigint, or the library's object around one. */
export type CelInteger = bigint | { valueOf(): bigint };
type CelNumber = number | CelInteger;
export interface CelOperators {
  /** The signature is written as `int + double: dyn`. An equality makes the other order and `!=` too. */
  registerOperator(signature: string, operate: (left: number, right: number) => unknown): unknown;
  registerOperator(signature: string, operate: (left: CelNumber, right: CelNumber) => unknown): unknown;
}

export interface CelProgram {
  /** Type-checked. What is changed in it is evaluated so. */
  tree: CelNode;
  /** Name of the type that it gives. It is `dyn` if only the values decide. */
  type: string;
  /** Throws an error with a `code` if the evaluation fails. */
  run(context: object): unknown;
}

export type ParsedCel =
  | { ok: true; program: CelProgram }
  /** `offset` into the text in UTF-16 units. The reason is the library's and may quote the text. */
  | { ok: false; failed: "syntax" | "types"; offset: number | undefined; reason: string | undefined };

/** Parses and type-checks a filter's text. */
export function celParser(addOperators: (operators: CelOperators) => void): (text: string) => ParsedCel {
  const environment = new Environment({
    limits: { maxAstNodes: 200, maxDepth: 32, maxListElements: 100, maxMapEntries: 50, maxCallArguments: 4 },
    homogeneousAggregateLiterals: false,
  });
  addOperators(environment);
  environment
    .registerVariable({ name: "event", schema: { type: "string", id: "string" } })
    .registerVariable("data", "dyn")
    .registerVariable("headers", "map<string, string>");
  return (text) => {
    try {
      const program = environment.parse(text);
      const { valid, error, type = "dyn" } = program.check();
      if (!valid) return { ok: false, failed: "types", offset: error?.range?.start, reason: error?.summary };
      return {
        ok: true,
        program: { tree: program.ast as unknown as CelNode, type, run: program as (context: object) => unknown },
      };
    } catch (error) {
      if (!isCelError(error)) throw error;
      return { ok: false, failed: "syntax", offset: error.range?.start, reason: error.summary };
    }
  };
}

type CelError = ParseError | EvaluationError | CelTypeError;
const isCelError = (error: unknown): error is CelError =>
  error instanceof ParseError || error instanceof EvaluationError || error instanceof CelTypeError;

/** Undefined for an operation that is not known to be harmless. */
export function operandsOf({ op, args }: CelNode): CelNode[] | undefined {
  switch (op) {
    case "value":
    case "id":
    case "accuValue":
    case "accuInc":
      return [];
    case "accuPush":
    case "!_":
    case "-_":
      return [args as CelNode];
    case ".":
      return [(args as [CelNode])[0]];
    case "call":
      return (args as [string, CelNode[]])[1];
    case "rcall":
      return [(args as [string, CelNode, CelNode[]])[1], ...(args as [string, CelNode, CelNode[]])[2]];
    case "map":
      return (args as [CelNode, CelNode][]).flat();
    case "comprehension":
      return [(args as CelLoop).iterable, (args as CelLoop).init, (args as CelLoop).step];
    case "[]":
    case "list":
    case "?:":
    case "||":
    case "&&":
    case "==":
    case "!=":
    case "in":
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return args as CelNode[];
    default:
      return undefined;
  }
}

/** Runs something before the node is evaluated. */
export function around(node: CelNode, before: () => void): void {
  const evaluate = evaluateOf(node);
  node.evaluate = (evaluator, given, context) => {
    before();
    return evaluate(evaluator, given, context);
  };
}

/** Looks at what the node's evaluation gave. */
export const after = (node: CelNode, look: (value: unknown) => void): void =>
  change(node, (value) => {
    look(value);
    return value;
  });

/** Puts another value in the place of what the node's evaluation gave. */
export function change(node: CelNode, make: (value: unknown) => unknown): void {
  const evaluate = evaluateOf(node);
  node.evaluate = (evaluator, given, context) => make(evaluate(evaluator, given, context));
}

/** The library looks up a node's own evaluation at its first run and then writes it over `evaluate`. */
function evaluateOf(node: CelNode): Evaluate {
  const { alternate, macro } = node.meta as { alternate?: CelNode; macro?: CelNode };
  if (alternate) return (evaluator, _node, context) => alternate.evaluate(evaluator, alternate, context);
  if (macro) return (evaluator, _node, context) => macro.evaluate(evaluator, macro, context);
  if (Object.hasOwn(node, "evaluate")) return node.evaluate;
  return (node.meta as { evaluate: Evaluate }).evaluate;
}
