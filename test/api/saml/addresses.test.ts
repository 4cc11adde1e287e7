import { expect, test } from "vitest";
import { carriesSamlParameter } from "../../../src/api/saml/addresses.js";

test.each([
  "/saml/acs/sso_1?SAMLRequest=x", "/?a=1&SAMLResponse=", "/?samlresponse=x", "/?%53AMLRequest=x", "/?a;SAMLResponse=1", "/?SAMLart=x", "/?Signature=x&SigAlg=y", "/?x&LogoutRequest", "/?+SAMLRequest=1",
])("%s carries a SAML message", (target) => expect(carriesSamlParameter(target)).toBe(true));

test.each(["/saml/acs/sso_1", "/saml/login?connection=sso_1", "/?x=SAMLRequest", "/SAMLRequest=1", "/?%zz=1"])("%s carries none", (target) => expect(carriesSamlParameter(target)).toBe(false));
