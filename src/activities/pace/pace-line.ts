/** The queue of one subscription in this process, between those who want to send and its token bucket. */
import type { Lease, LeaseRequest, RateLimit, Reservation } from "../../workflows/contract.js";
import { CLOCK_SLACK_MS } from "../../workflows/clocks.js";
import { MAX_LEASE, RESERVED_TOGETHER_MS } from "../../workflows/gcra.js";
import type { Lead } from "./lead.js";
import type { Slot, Start, TakeOptions } from "./slot.js";

/**
 * What the bucket said counts for so long when a reservation is redeemed. A pause or a rate is known everywhere within
 * 2 s.
 */
const KNOWN_FOR_MS = 2_000;
/** When the engine does not answer, callers come back after this time. */
const TROUBLE_MS = 5_000;
/** What remains of a slow answer with each that comes after it. */
const FADING = 0.8;
/** Demands of the last second are expected again in the next. */
const MEMORY_MS = 1_000;
/** No bucket has this epoch. */
const NO_EPOCH = -1;

/** One request that a caller wants to make. `done` gives the slot. */
interface SlotRequest {
  reservation: Reservation | undefined;
  maxWaitMs: number;
  onlySoon: boolean;
  done(this: void, slot: Slot): void;
}

export interface PaceLineDependencies {
  /** Takes a lease, and rejects when the engine does not answer. */
  ask(this: void, request: LeaseRequest): Promise<Lease>;
  /** Told then. */
  onTrouble(this: void, error: unknown): void;
  /** Told how late reservations come back. */
  lead: Lead;
}

export class PaceLine {
  #rate: RateLimit;
  #rateAsOf: number;
  readonly #ask: PaceLineDependencies["ask"];
  readonly #onTrouble: PaceLineDependencies["onTrouble"];
  readonly #lead: Lead;
  /** What the bucket said last. */
  #bucket = { epoch: NO_EPOCH, toleranceMs: 0, pausedUntil: 0, knownAt: Number.NEGATIVE_INFINITY };
  /** By how much our clock is ahead of the bucket's. It is 0 as long as they differ by no more than clocks do. */
  #skewMs = 0;
  #spares: { count: number; until: number }[] = [];
  /** How long an answer of the bucket takes. A slow one counts less with each that comes after it. */
  #answerMs = 0;
  /** First come, first served. */
  #requests: SlotRequest[] = [];
  #demands: { at: number; count: number }[] = [];
  /** By the steady clock, as are `knownAt` and the times of demands: the other one may jump. */
  #nextAskAt = 0;
  #asking = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(rate: RateLimit, rateAsOf: number, { ask, onTrouble, lead }: PaceLineDependencies) {
    this.#rate = rate;
    this.#rateAsOf = rateAsOf;
    this.#ask = ask;
    this.#onTrouble = onTrouble;
    this.#lead = lead;
  }

  /** Milliseconds since the epoch by our clock, as the bucket said last. It may be past. */
  get pausedUntil(): number {
    const { pausedUntil } = this.#bucket;
    return pausedUntil === 0 ? 0 : pausedUntil + this.#skewMs;
  }

  /** See `Throttle.take`. */
  take(count: number, { maxWaitMs, onlySoon = false, reservations }: TakeOptions): Promise<Slot[]> {
    const now = Date.now();
    this.#demands.push({ at: performance.now(), count });
    const slots = Array.from(
      { length: count },
      (_, index) =>
        new Promise<Slot>((done) => {
          const request: SlotRequest = { reservation: reservations?.[index], maxWaitMs, onlySoon, done };
          this.#welcome(request, now);
          const slot = this.#fromHand(request, now);
          if (slot) done(slot);
          else this.#requests.push(request);
        }),
    );
    if (this.#closed) this.close();
    if (!this.#asking) this.#dropImpatient();
    this.#schedule();
    return Promise.all(slots);
  }

  /** Whether a slot may be used at this moment. */
  holds(start: Start): boolean {
    const now = Date.now();
    return start.epoch === this.#bucket.epoch && start.at <= now && now <= start.until;
  }

  /** A newer rate makes everything given out void. */
  configure(rate: RateLimit, asOf: number): void {
    if (asOf <= this.#rateAsOf) return;
    this.#rateAsOf = asOf;
    if (rate.perSecond === this.#rate.perSecond && rate.burst === this.#rate.burst) return;
    this.#rate = rate;
    // The epoch of the new rate is not known before the next lease.
    this.#bucket = { ...this.#bucket, epoch: NO_EPOCH, knownAt: Number.NEGATIVE_INFINITY };
    this.#spares = [];
  }

  /** Gives all who wait a `later` and asks no more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    leave(this.#requests.splice(0), Date.now() + TROUBLE_MS);
  }

  /** Who was woken for its slot waits for it, however far away it is. To be sent to sleep again would cost a round. */
  #welcome(request: SlotRequest, now: number): void {
    const { at, leadMs } = request.reservation ?? {};
    if (at === undefined || leadMs === undefined) return;
    this.#lead.came(now - (at + this.#skewMs - leadMs));
    request.maxWaitMs = Math.max(request.maxWaitMs, leadMs + RESERVED_TOGETHER_MS);
  }

  /** A slot without a message, when there is one. */
  #fromHand(request: SlotRequest, now: number): Slot | undefined {
    const { reservation } = request;
    if (reservation && performance.now() - this.#bucket.knownAt <= KNOWN_FOR_MS) {
      const until = reservation.at + this.#skewMs + this.#bucket.toleranceMs;
      if (reservation.epoch === this.#bucket.epoch && now <= until) return this.#slotAt(reservation.at, request, now);
      request.reservation = undefined;
    }
    if (request.reservation) return undefined;
    this.#spares = this.#spares.filter(({ count, until }) => count > 0 && until > now);
    const [spare] = this.#spares;
    if (!spare) return undefined;
    spare.count -= 1;
    return { kind: "start", at: now, until: spare.until, epoch: this.#bucket.epoch };
  }

  /** `slot` is the bucket's time, and so is a reservation. When to start or to come back is our time. */
  #slotAt(slot: number, { maxWaitMs }: SlotRequest, now: number): Slot {
    const { epoch, toleranceMs } = this.#bucket;
    const at = slot + this.#skewMs;
    if (at - now <= maxWaitMs) return { kind: "start", at, until: at + toleranceMs, epoch };
    const leadMs = this.#lead.ms();
    return { kind: "later", dueAt: Math.max(now, at - leadMs), reservation: { at: slot, epoch, leadMs } };
  }

  #schedule(): void {
    if (this.#asking || this.#closed || this.#requests.length === 0 || this.#timer) return;
    // Even without a wait the demands of this turn of the event loop go together.
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.#askNow();
      },
      Math.max(0, this.#nextAskAt - performance.now()),
    );
  }

  async #askNow(): Promise<void> {
    this.#asking = true;
    const asked = this.#requests.slice(0, MAX_LEASE);
    const rateAsOf = this.#rateAsOf;
    const [soon, unhurried] = [true, false].map((is) =>
      asked.filter(({ reservation, onlySoon }) => !reservation && onlySoon === is),
    );
    const withinMs = Math.max(0, ...(soon ?? []).map(({ maxWaitMs }) => maxWaitMs));
    const sentAt = Date.now();
    const sent = performance.now();
    try {
      const lease = await this.#ask({
        count: unhurried?.length ?? 0,
        ...(soon?.length && { soon: { count: soon.length, withinMs } }),
        expect: Math.min(this.#expected(), MAX_LEASE),
        rate: this.#rate,
        rateAsOf,
        notWithinMs: Math.round(this.#answerMs),
      });
      this.#answerMs = Math.max(performance.now() - sent, this.#answerMs * FADING);
      this.#nextAskAt = performance.now() + lease.nextLeaseInMs;
      this.#skewMs = skewOf(lease.asOf, sentAt, Date.now());
      // Slots of a rate that has changed meanwhile are not used. The requests stay first in the queue.
      if (rateAsOf === this.#rateAsOf) this.#deal(lease, asked);
    } catch (error) {
      this.#onTrouble(error);
      this.#nextAskAt = performance.now() + TROUBLE_MS;
      leave(this.#requests.splice(0), Date.now() + TROUBLE_MS);
    } finally {
      this.#asking = false;
      this.#dropImpatient();
      this.#schedule();
    }
  }

  #deal(lease: Lease, asked: SlotRequest[]): void {
    const now = Date.now();
    if (lease.epoch !== this.#bucket.epoch) this.#spares = [];
    const { epoch, toleranceMs, pausedUntil, spare } = lease;
    this.#bucket = { epoch, toleranceMs, pausedUntil, knownAt: performance.now() };
    if (spare) this.#spares.push({ count: spare.count, until: spare.until + this.#skewMs });
    const [slots, soon] = [lease.slots[Symbol.iterator](), (lease.soon ?? [])[Symbol.iterator]()];
    const open: SlotRequest[] = [];
    for (const request of asked) {
      const fresh = request.reservation ? undefined : (request.onlySoon ? soon : slots).next().value;
      const slot = fresh === undefined ? this.#fromHand(request, now) : this.#slotAt(fresh, request, now);
      if (slot) request.done(slot);
      else if (request.onlySoon && !request.reservation) request.done({ kind: "later", dueAt: now });
      else open.push(request);
    }
    this.#requests = [...open, ...this.#requests.slice(asked.length)];
  }

  /** Sends away those whose turn to ask comes later than they want to wait. Nobody is held up by a busy bucket. */
  #dropImpatient(): void {
    const wait = this.#nextAskAt - performance.now();
    const impatient = this.#requests.filter(({ maxWaitMs }) => wait > maxWaitMs);
    if (impatient.length === 0) return;
    this.#requests = this.#requests.filter(({ maxWaitMs }) => wait <= maxWaitMs);
    leave(impatient, Date.now() + wait);
  }

  #expected(): number {
    this.#demands = this.#demands.filter(({ at }) => at > performance.now() - MEMORY_MS);
    return this.#demands.reduce((sum, { count }) => sum + count, 0);
  }
}

/**
 * By how much our clock is ahead of the bucket's, which showed `asOf` between `sentAt` and `now`. Its slots are used on
 * time by equal clocks. So an ordinary difference counts as none: an estimate would vary with the messages.
 */
function skewOf(asOf: number | undefined, sentAt: number, now: number): number {
  if (asOf === undefined) return 0;
  return asOf < sentAt - CLOCK_SLACK_MS || asOf > now + CLOCK_SLACK_MS ? now - asOf : 0;
}

const leave = (requests: SlotRequest[], dueAt: number): void =>
  requests.forEach(({ done, reservation }) => done({ kind: "later", dueAt, ...(reservation && { reservation }) }));
