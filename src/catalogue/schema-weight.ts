/** How much of a schema one value of a payload may meet, its references followed, and where it never ends. */

/** `path` is a JSON pointer into the schema. The message repeats keywords at most. */
export interface SchemaFault {
  path: string;
  message: string;
}

/** Subschemas and values that one place may apply. */
const MAX_WEIGHT = 100_000;

/** A subschema as a node of a graph. */
export interface Subschema {
  own: number;
  /** Pointers of the subschemas it applies. `target` is resolved once all are known. */
  edges: { to: string; inPlace: boolean }[];
}
type Edge = Subschema["edges"][number];

/**
 * The weight of the root, or where a circle of references never goes deeper, or where references multiply. Without
 * recursion: a schema may hold 5,000 subschemas in a chain of references.
 */
export function weigh(nodes: Map<string, Subschema>): { weight: number } | SchemaFault {
  const inPlace = (edge: Edge): boolean => edge.inPlace;
  const circle = circleIn(nodes, inPlace);
  if (circle !== undefined) return { path: circle, message: "refers to itself without going deeper into the payload" };
  for (const [path, weight] of weightsOf(nodes, inPlace)) {
    if (weight > MAX_WEIGHT)
      return {
        path,
        message: `applies more than ${MAX_WEIGHT} subschemas to one value, counted through its references`,
      };
  }
  const everything = (): boolean => true;
  return { weight: circleIn(nodes, everything) === undefined ? (weightsOf(nodes, everything).get("") ?? 1) : Infinity };
}

/** What each subschema applies, itself included. The edges that are followed make no circle. */
function weightsOf(nodes: Map<string, Subschema>, follow: (edge: Edge) => boolean): Map<string, number> {
  const weights = new Map<string, number>();
  for (const at of inPostOrder(nodes, follow)) {
    const { own = 0, edges = [] } = nodes.get(at) ?? {};
    weights.set(
      at,
      edges.filter(follow).reduce((sum, { to }) => sum + (weights.get(to) ?? 0), own),
    );
  }
  return weights;
}

function circleIn(nodes: Map<string, Subschema>, follow: (edge: Edge) => boolean): string | undefined {
  const state = new Map<string, "open" | "done">();
  for (const start of nodes.keys()) {
    if (state.has(start)) continue;
    const stack = [{ at: start, next: 0 }];
    state.set(start, "open");
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const edge = nodes.get(top.at)?.edges[top.next++];
      if (!edge) {
        state.set(top.at, "done");
        stack.pop();
      } else if (follow(edge)) {
        if (state.get(edge.to) === "open") return top.at;
        if (!state.has(edge.to)) {
          state.set(edge.to, "open");
          stack.push({ at: edge.to, next: 0 });
        }
      }
    }
  }
  return undefined;
}

/** Every subschema after those it applies. */
function inPostOrder(nodes: Map<string, Subschema>, follow: (edge: Edge) => boolean): string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  for (const start of nodes.keys()) {
    const stack = seen.has(start) ? [] : [{ at: start, next: 0 }];
    seen.add(start);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const edge = nodes.get(top.at)?.edges[top.next++];
      if (!edge) {
        order.push(top.at);
        stack.pop();
      } else if (follow(edge) && !seen.has(edge.to)) {
        seen.add(edge.to);
        stack.push({ at: edge.to, next: 0 });
      }
    }
  }
  return order;
}
