import { describe, expect, test } from "vitest";
import {
  idp,
  read,
  bare,
  entity,
  MD,
  group,
  serviceProvider,
  inRole,
  isGood,
  isRefused,
  DISPLAY,
  setUpFederationMetadata,
} from "./federation-metadata-setup.js";

setUpFederationMetadata();

const provider = (id: string) => entity((xml) => xml.replace(idp.entityId, id));

describe("groups of entities", () => {
  const nested = (depth: number, inner: string) =>
    Array.from({ length: depth }).reduce<string>((xml) => group(xml), inner);
  test("within groups are read up to eight deep, with and without saying which provider is meant", () => {
    for (const more of [{}, { entityId: idp.entityId }]) {
      expect(read(nested(2, `${serviceProvider("urn:sp")}${entity()}`), more)).toMatchObject(isGood());
      expect(read(nested(8, entity()), more)).toMatchObject(isGood());
      expect(read(nested(9, entity()), more)).toMatchObject(isRefused(/more than 8/));
    }
  });

  test("several providers: which one must be said, and it must be there once", () => {
    const xml = group(`${serviceProvider("urn:sp")}${provider("urn:one")}${group(provider("urn:two"))}`);
    expect(read(xml)).toMatchObject(isRefused(/several.*entityId/));
    for (const entityId of ["urn:one", "urn:two"])
      expect(read(xml, { entityId })).toMatchObject({ ok: true, idp: { entityId } });
    expect(read(xml, { entityId: "urn:three" })).toMatchObject(isRefused(/does not describe/));
    expect(read(xml, { entityId: "urn:sp" })).toMatchObject(isRefused(/does not describe/));
    expect(read(group(`${provider("urn:one")}${provider("urn:one")}`), { entityId: "urn:one" })).toMatchObject(
      isRefused(/several times/),
    );
    // An entity may describe its two sides apart.
    expect(read(group(`${serviceProvider("urn:one")}${provider("urn:one")}`), { entityId: "urn:one" })).toMatchObject({
      ok: true,
    });
  });

  test(
    "an id that is written with references, or in a comment or CDATA of another entity, is found " +
      "where it is and only there",
    () => {
      expect(read(group(provider("urn:a&amp;b&#x2f;c")), { entityId: "urn:a&b/c" })).toMatchObject({
        ok: true,
        idp: { entityId: "urn:a&b/c" },
      });
      const fake = entity(inRole(DISPLAY(`<![CDATA[${provider("urn:x")}]]>`))).replace(
        "<md:IDPSSO",
        `<!-- ${provider("urn:x")} --><md:IDPSSO`,
      );
      expect(read(group(fake), { entityId: "urn:x" })).toMatchObject(isRefused(/does not describe/));
      expect(
        read(group(entity((xml) => xml.replace("entityID", `x=' entityID="urn:x"' entityID`))), { entityId: "urn:x" }),
      ).toMatchObject(isRefused(/does not describe/));
    },
  );

  test("an aggregate up to 8 MiB, from which one entity is cut out with what its groups say", () => {
    const aggregate = (attributes = "", size = 1_300_000) =>
      group(
        serviceProvider("urn:sp").repeat(Math.ceil(size / serviceProvider("urn:sp").length)) +
          bare(idp.metadataXml()).replace(` ${MD}`, ""),
        attributes,
      );
    expect(read(aggregate(), { entityId: idp.entityId })).toMatchObject(isGood());
    expect(read(aggregate("", 7_900_000), { entityId: idp.entityId })).toMatchObject(isGood());
    expect(read(aggregate("", 8_400_000), { entityId: idp.entityId })).toMatchObject({
      ...isRefused(/8 MiB.*MDQ/),
      tooLarge: true,
    });
    expect(read(aggregate())).toMatchObject({ ...isRefused(/1 MiB.*entityId.*MDQ/), tooLarge: true });
    expect(read(aggregate(' validUntil="2020-01-01T00:00:00Z"'), { entityId: idp.entityId })).toMatchObject(
      isRefused(/out of date/),
    );
    expect(read(aggregate().slice(0, -20), { entityId: idp.entityId })).toMatchObject(isRefused(/well-formed/));
    expect(read(`${aggregate()}x`, { entityId: idp.entityId })).toMatchObject(isRefused(/well-formed/));
    expect(
      read(aggregate().replace("<md:SPSSO", "<md:EntityDescriptor><md:SPSSO"), { entityId: idp.entityId }),
    ).toMatchObject(isRefused(/well-formed/));
  });
});
