import { createRequire } from "node:module";
import { expect, test } from "vitest";

const here = createRequire(import.meta.url);

// If verifier and reader parsed differently, a person could be read from what nobody signed.
test.each(["xml-crypto", "@node-saml/node-saml", "xml-encryption"])("%s parses XML with our copy of xmldom", (name) => {
  // node-saml's own dependencies are resolved from where it lies.
  const nodeSaml = createRequire(here.resolve("@node-saml/passport-saml"));
  const library = createRequire(nodeSaml.resolve(name));
  expect(library.resolve("@xmldom/xmldom")).toBe(here.resolve("@xmldom/xmldom"));
});

test("the verifier that is called directly is the one beside node-saml", () => {
  const verifier = createRequire(here.resolve("xml-crypto"));
  expect(verifier.resolve("@xmldom/xmldom")).toBe(here.resolve("@xmldom/xmldom"));
});
