import { beforeEach, describe, expect, it } from "vitest";
import { createEndpointHealth, type EndpointHealth } from "../../src/endpoint/health.js";

let time: number;
let health: EndpointHealth;
beforeEach(() => {
  time = 1_000_000;
  health = createEndpointHealth(() => time);
});
const verdict = () => health.verdict("sub_1");

describe("the health of an endpoint", () => {
  it("is prompt at first, and after a failure failing for half a minute or until it answers", () => {
    expect(verdict()).toBe("prompt");
    health.begin("sub_1").end(false);
    expect(verdict()).toBe("failing");
    expect(health.verdict("sub_2")).toBe("prompt");
    time += 30_000;
    expect(verdict()).toBe("prompt");
    health.begin("sub_1").end(false);
    health.begin("sub_1").end(true);
    expect(verdict()).toBe("prompt");
  });

  it("is slow while a request takes longer than two seconds, and half a minute beyond", () => {
    const request = health.begin("sub_1");
    time += 2_000;
    expect(verdict()).toBe("prompt");
    time += 1;
    expect(verdict()).toBe("slow");
    request.end(true);
    expect(verdict()).toBe("slow");
    time += 30_001;
    expect(verdict()).toBe("prompt");
  });

  it("is prompt again after one quick answer", () => {
    const slow = health.begin("sub_1");
    time += 5_000;
    slow.end(true);
    expect(verdict()).toBe("slow");
    health.begin("sub_1").end(true);
    expect(verdict()).toBe("prompt");
  });

  it("looks at the oldest request under way, whichever ends first", () => {
    const first = health.begin("sub_1");
    time += 1_500;
    const second = health.begin("sub_1");
    time += 600;
    expect(verdict()).toBe("slow");
    second.end(true);
    expect(verdict()).toBe("slow");
    first.end(false);
    expect(verdict()).toBe("failing");
  });
});
