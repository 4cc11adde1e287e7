/** What a consumer asks its provider for: to receive the events of an api, or of one type. */
export const GRANT_REQUEST_STATUSES = ["open", "approved", "refused", "withdrawn"] as const;
export type GrantRequestStatus = (typeof GRANT_REQUEST_STATUSES)[number];

/** A consumer's request for a grant, and the answer to it. */
export interface GrantRequest {
  id: string;
  groupId: string;
  /** Id of an api or name of an event type. */
  grant: string;
  /** The api that the grant is for. Its provider decides. */
  apiId: string;
  /** Why it is asked for. */
  reason?: string;
  status: GrantRequestStatus;
  requestedBy: string;
  createdAt: Date;
  /** Who answered or withdrew it, when and why. */
  decidedBy?: string;
  decidedAt?: Date;
  decisionReason?: string;
  /** An approved grant has been added to the group. */
  granted?: true;
}
