/** What an auditor asks of docker-compose.yml, and that the shape is one that Compose accepts. */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { TEMPORAL_UI_PATH } from "../../src/api/temporal-ui/rules.js";
import { parse } from "yaml";

interface Service {
  image: string;
  user?: string;
  ports?: string[];
  networks?: string[];
  network_mode?: string;
  restart?: string;
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  privileged?: boolean;
  security_opt?: string[];
  healthcheck?: { test?: string[]; disable?: boolean };
  environment?: Record<string, string>;
  command?: string[];
  secrets?: string[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  stop_grace_period?: string;
  deploy?: { replicas?: number; resources?: { limits?: { cpus?: string; memory?: string; pids?: number } } };
}
interface Compose {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean }>;
  secrets: Record<string, { file: string }>;
}

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
// As Compose does it: `${NAME:-default}` with nothing set in the environment.
const compose = parse(read("docker-compose.yml").replace(/\$\{\w+:-([^}]*)\}/g, "$1"), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const members = services.filter(([, service]) => service.command?.[0] === "mongod");
const isJob = (service: Service) => service.healthcheck?.disable === true;
const on = (network: string) =>
  services
    .filter(([, service]) => service.networks?.includes(network))
    .map(([name]) => name)
    .sort();

describe("docker-compose.yml", () => {
  it("is valid by the Compose schema", () => {
    const validate = new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).compile(
      JSON.parse(read("test/deploy/compose-spec.json")) as object,
    );
    validate(compose);
    expect(validate.errors ?? []).toEqual([]);
  });

  it("publishes the load balancer and nothing else", () => {
    const published = services.flatMap(([name, service]) => (service.ports ?? []).map((port) => `${name} ${port}`));
    expect(published.sort()).toEqual(["load-balancer 0.0.0.0:443:8443"]);
  });

  it("lets the API alone reach the Temporal UI, under the path that it is shown at", () => {
    expect(on("engine-ui")).toEqual(["api", "temporal-ui"]);
    expect(compose.services["temporal-ui"]?.networks).toEqual(["engine-ui", "engine"]);
    expect(compose.services.api?.environment).toMatchObject({ TEMPORAL_UI_ADDRESS: "http://temporal-ui:8080" });
    expect(compose.services["temporal-ui"]?.environment).toMatchObject({ TEMPORAL_UI_PUBLIC_PATH: TEMPORAL_UI_PATH });
    expect(compose.services["temporal-ui"]?.environment?.["TEMPORAL_CORS_ORIGINS"]).toBeUndefined();
  });

  it("runs two of the API, two workers and three members of the replica set", () => {
    expect(compose.services.api?.deploy?.replicas).toBe(2);
    expect(compose.services.worker?.deploy?.replicas).toBe(2);
    expect(members.map(([name]) => name)).toEqual(["mongo1", "mongo2", "mongo3"]);
  });

  it("keeps each data store on a network of its users, without a way out", () => {
    expect(on("data")).toEqual(["api", "mongo1", "mongo2", "mongo3", "worker"]);
    expect(on("engine-data")).toEqual(["postgres", "temporal", "temporal-schema"]);
    expect(on("engine")).toEqual(["api", "temporal", "temporal-namespace", "temporal-ui", "worker"]);
    expect(on("front")).toEqual(["api", "load-balancer"]);
    for (const name of ["data", "engine-data", "engine", "engine-ui", "front"])
      expect(compose.networks[name]?.internal, name).toBe(true);
    for (const name of ["mongo1", "mongo2", "mongo3", "postgres", "temporal"]) {
      for (const network of compose.services[name]?.networks ?? [])
        expect(compose.networks[network]?.internal, `${name} on ${network}`).toBe(true);
    }
  });

  it.each(services)("%s runs without privileges, with limits and a restart policy", (_name, service) => {
    expect(service.image).toMatch(/:\d+\.\d+/);
    expect(service.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(["ALL"]);
    expect(service.cap_add).toBeUndefined();
    expect(service.privileged).toBeUndefined();
    expect(service.security_opt).toContain("no-new-privileges:true");
    expect(service.restart).toBe(isJob(service) ? "on-failure:5" : "unless-stopped");
    const limits = service.deploy?.resources?.limits;
    expect(Number(limits?.cpus)).toBeGreaterThan(0);
    expect(limits?.memory).toMatch(/^\d+[MG]$/);
    expect(limits?.pids).toBeGreaterThan(0);
    expect(service.volumes?.some((volume) => volume.includes("docker.sock")) ?? false).toBe(false);
    if (!service.network_mode) expect(service.networks?.length).toBeGreaterThan(0);
  });

  it.each(services.filter(([, service]) => !isJob(service)))("%s has a health check", (_name, service) => {
    expect(service.healthcheck?.test?.[0]).toBe("CMD");
  });

  it("waits for the jobs before it starts what needs them", () => {
    const jobs = services.filter(([, service]) => isJob(service)).map(([name]) => name);
    expect(jobs.sort()).toEqual(["mongo-init", "temporal-namespace", "temporal-schema"]);
    for (const job of jobs) {
      expect(
        services.some(([, service]) => service.depends_on?.[job]?.condition === "service_completed_successfully"),
        job,
      ).toBe(true);
    }
  });

  it("has secrets in files only", () => {
    for (const [name, service] of services) {
      for (const [key, value] of Object.entries(service.environment ?? {})) {
        if (/PASS|PWD|SECRET|TOKEN|KEY|MONGODB_URL/.test(key))
          expect(value, `${name} ${key}`).toMatch(/^\/run\/secrets\//);
      }
      for (const secret of service.secrets ?? []) expect(compose.secrets[secret], `${name} ${secret}`).toBeDefined();
    }
    for (const [name, { file }] of Object.entries(compose.secrets)) expect(file).toBe(`./deploy/secrets/${name}`);
    expect(read("deploy/.gitignore")).toMatch(/^secrets\/$/m);
  });

  it("mounts each secret only where it is read", () => {
    for (const [name, service] of services) {
      const wired =
        JSON.stringify([service.environment, service.command]) +
        (service.volumes ?? []).map((volume) => scripts(volume)).join("\n");
      for (const secret of service.secrets ?? []) {
        // The connection string names this one: it is inside another secret.
        if (secret === "sealpost_mongo_client") continue;
        expect(wired.includes(secret), `${name} does not read ${secret}`).toBe(true);
      }
    }
  });

  it.each(members)("%s encrypts at rest and in transit and asks both sides for proof", (_name, service) => {
    for (const flag of [
      "--enableEncryption",
      "--encryptionCipherMode=AES256-GCM",
      "--encryptionKeyFile=/run/keys/mongo_encryption_key",
      "--tlsMode=requireTLS",
      "--tlsCAFile=/run/secrets/internal_ca",
      "--auth",
      "--keyFile=/run/keys/mongo_cluster_key",
    ])
      expect(service.command).toContain(flag);
    expect(service.command?.join(" ")).not.toMatch(/AllowConnectionsWithoutCertificates|AllowInvalid/);
  });

  it("lets nobody to Temporal without a client certificate, and Temporal to PostgreSQL over verified TLS only", () => {
    expect(compose.services.temporal?.environment).toMatchObject({
      TEMPORAL_TLS_REQUIRE_CLIENT_AUTH: "true",
      TEMPORAL_TLS_CLIENT1_CA_CERT: "/run/secrets/internal_ca",
      SQL_TLS_ENABLED: "true",
      SQL_HOST_VERIFICATION: "true",
    });
    const rules = read("deploy/postgres/pg_hba.conf")
      .split("\n")
      .filter((line) => line && !line.startsWith("#"));
    for (const rule of rules) expect(rule).toMatch(/^(local|hostssl)\s.*\sscram-sha-256$/);
  });

  it("starts node itself, which hears SIGTERM, and not npm or a shell", () => {
    expect(read("Dockerfile")).toMatch(/^CMD \["node", [^\n]*"dist\/workers\/main\.js"\]$/m);
    expect(read("Dockerfile")).toMatch(/^STOPSIGNAL SIGTERM$/m);
    for (const name of ["api", "worker"]) expect(compose.services[name]?.command, name).toBeUndefined();
  });

  it("gives attempts under way the time to finish", () => {
    for (const name of ["api", "worker"]) {
      const service = compose.services[name];
      const { SHUTDOWN_DRAIN_SECONDS: drain, SHUTDOWN_GRACE_SECONDS: grace } = service?.environment ?? {};
      expect(Number.parseInt(service?.stop_grace_period ?? "0", 10), name).toBeGreaterThan(
        Number(drain) + Number(grace) + 30,
      );
    }
  });

  it("drains for longer than the load balancer takes to notice", () => {
    const [, inter = "", fall = ""] = /check inter (\d+)s fall (\d+)/.exec(read("deploy/haproxy/haproxy.cfg")) ?? [];
    const drain = Number(compose.services["api"]?.environment?.SHUTDOWN_DRAIN_SECONDS);
    expect(drain).toBeGreaterThan(Number(inter) * (Number(fall) + 1));
  });
});

/** Text of a mounted file of this repository. Nothing for a named volume. */
function scripts(volume: string): string {
  const [source = ""] = volume.split(":");
  return source.startsWith("./") ? read(source.slice(2)) : "";
}
