/** A name that may be broken after its full stops, slashes and the like, and not within a word. */
import { Fragment } from "react";

export function Breakable({ text }: { text: string }) {
  const parts = text.split(/(?<=[./:_-])/);
  return parts.map((part, index) => (
    // Parts of one text have no other identity than their place.
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}
