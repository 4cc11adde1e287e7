import { expect, test } from "vitest";
import {
  isChangedMeanwhile,
  isCursorRefused,
  isSessionEnded,
  ProblemError,
  problemOf,
  readProblem,
} from "../../../web/src/api/problem.js";

const PROBLEM = { type: "urn:sealpost:problem:x", title: "No", detail: "Do that.", code: "x", status: 409 };
import { PROBLEMS } from "../../../src/api/http/problem-codes.js";

test("a problem document is read, and its faults with it", () => {
  const errors = [{ path: "query.cursor", message: "is forged" }, { path: 5 }, "x"];
  expect(readProblem({ ...PROBLEM, errors }, 400)).toEqual({
    title: "No",
    detail: "Do that.",
    code: "x",
    status: 400,
    errors: [{ path: "query.cursor", message: "is forged" }],
  });
});

test.each([undefined, null, "<html>", {}, { title: "x" }, { code: "x", title: 5 }])("%j is none", (body) => {
  expect(readProblem(body, 502)).toBeUndefined();
});

test("what the page does about it goes by status, code and path", () => {
  const problem = (status: number, path?: string) =>
    new ProblemError({ ...PROBLEM, status, errors: path === undefined ? [] : [{ path, message: "" }] });
  expect(isSessionEnded(problem(401))).toBe(true);
  expect([isSessionEnded(problem(403)), isSessionEnded(new Error("x"))]).toEqual([false, false]);
  expect(isCursorRefused(problem(400, "query.cursor").problem)).toBe(true);
  expect(isCursorRefused(problem(400, "query.status").problem)).toBe(false);
  const overtaken = { ...PROBLEM, status: PROBLEMS.changed_meanwhile.status, code: "changed_meanwhile" };
  expect(isChangedMeanwhile(new ProblemError(overtaken))).toBe(true);
  expect([isChangedMeanwhile(problem(412)), isChangedMeanwhile(null)]).toEqual([false, false]);
  expect(problemOf(new TypeError("x is undefined"))).toMatchObject({ code: "page_failed", title: "" });
});
