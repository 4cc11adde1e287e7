/** The people of the trial, one for each role that the log-in page offers. */

export interface TrialPerson {
  name: string;
  email: string;
  group: string;
  may: string;
}

export const PEOPLE: ReadonlyMap<string, TrialPerson> = new Map(
  Object.entries({
    admin: { name: "Ada Admin", email: "admin@trial.example", group: "trial-admins", may: "does everything" },
    provider: {
      name: "Pia Provider",
      email: "provider@trial.example",
      group: "trial-providers",
      may: "publishes the events of the Demo api",
    },
    operator: {
      name: "Olga Operator",
      email: "operator@trial.example",
      group: "trial-operators",
      may: "keeps deliveries going, here and in the Temporal UI",
    },
    consumer: {
      name: "Carl Consumer",
      email: "consumer@trial.example",
      group: "trial-consumers",
      may: "subscribes for the group Demo consumers",
    },
  }),
);
