import { describe, expect, test } from "vitest";
import {
  idp,
  read,
  entity,
  group,
  onRole,
  isGood,
  isRefused,
  setUpFederationMetadata,
} from "./federation-metadata-setup.js";

setUpFederationMetadata();

describe("a time that is no time, or is over, refuses", () => {
  const TIMES = [
    "soon",
    "",
    "2030-13-01T00:00:00Z",
    "2030-02-30T00:00:00Z",
    "2030-01-01",
    "2030-01-01T25:00:00Z",
    "1893456000",
    "2030-01-01T00:00:00+99",
    "never",
  ];
  test.each(TIMES)("%j", (time) => {
    expect(read(onRole(`validUntil="${time}"`)(idp.metadataXml()))).toMatchObject(isRefused(/no time/));
    expect(read(group(group(entity()), ` validUntil="${time}"`))).toMatchObject(isRefused(/no time/));
    expect(read(group(group(entity()), ` validUntil="${time}"`), { entityId: idp.entityId })).toMatchObject(
      isRefused(/no time/),
    );
  });
  test("on the group, the group within, the entity or the role", () => {
    const past = ' validUntil="2020-01-01T00:00:00Z"';
    for (const xml of [
      group(group(entity()), past),
      group(group(entity(), past)),
      group(entity((each) => each.replace(" entityID", `${past} entityID`))),
      group(onRole(past)(entity())),
    ]) {
      for (const more of [{}, { entityId: idp.entityId }])
        expect(read(xml, more)).toMatchObject(isRefused(/out of date/));
    }
  });
  test("of two roles the one that still counts is taken", () => {
    const role = /<md:IDPSSODescriptor[\s\S]*<\/md:IDPSSODescriptor>/.exec(entity())?.[0] ?? "";
    expect(
      read(
        entity((xml) =>
          xml.replace(
            role,
            onRole('validUntil="2020-01-01T00:00:00Z"')(role).replaceAll(idp.ssoUrl, "https://old.example/sso") + role,
          ),
        ),
      ),
    ).toMatchObject(isGood());
    expect(
      read(
        entity((xml) =>
          xml.replace(
            role,
            role
              .replace(/<md:KeyDescriptor.*<\/md:KeyDescriptor>/, "")
              .replaceAll(idp.ssoUrl, "https://old.example/sso") + role,
          ),
        ),
      ),
    ).toMatchObject({
      ...isGood(),
      idp: { ssoRedirect: idp.ssoUrl, warnings: [expect.stringContaining("roles") as string] },
    });
  });
});
