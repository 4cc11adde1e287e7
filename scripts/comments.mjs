// The comments of a file of TypeScript or JavaScript.
import ts from "typescript";

/**
 * The comments in their order. Lines of `//` that follow each other are one comment.
 * @param file names the language by its ending
 * @returns the line on which each begins, from 1, and its text without the marks of a comment
 */
export function commentsOf(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lineAt = (position) => source.getLineAndCharacterOfPosition(position).line + 1;
  const comments = [];
  for (const { pos, end } of rangesOf(source, text)) {
    const raw = text.slice(pos, end);
    if (raw.startsWith("/*")) {
      comments.push({
        line: lineAt(pos),
        text: raw
          .slice(2, -2)
          .replace(/^\*/, "")
          .replace(/\n\s*\* ?/g, "\n"),
      });
      continue;
    }
    const line = lineAt(pos);
    const isAlone = text.slice(source.getPositionOfLineAndCharacter(line - 1, 0), pos).trim() === "";
    const before = comments.at(-1);
    if (isAlone && before?.lastLine === line - 1)
      Object.assign(before, { text: `${before.text}\n${raw.slice(2)}`, lastLine: line });
    else comments.push({ line, text: raw.slice(2), ...(isAlone && { lastLine: line }) });
  }
  return comments.map(({ line, text: said }) => ({ line, text: said }));
}

/** A comment belongs to the token behind it, or to the one before it on its line. Each is found once. */
function rangesOf(source, text) {
  const ranges = new Map();
  const texts = [];
  const visit = (node) => {
    if (node.kind === ts.SyntaxKind.JsxText) return texts.push(node);
    const found = [
      ...(ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.getEnd()) ?? []),
    ];
    for (const range of found) ranges.set(range.pos, range);
    for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);
  // What looks like a comment in the text of a page is none.
  const isShown = ({ pos }) => texts.some((shown) => shown.pos <= pos && pos < shown.end);
  return [...ranges.values()].filter((range) => !isShown(range)).sort((a, b) => a.pos - b.pos);
}
