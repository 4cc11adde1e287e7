/** The activity behind the workflow `mail`. Plain data, like contract.ts. */

/** What one step has done. */
export interface MailStep {
  sent: number;
  /** Mails that were put off, refused or not wanted. */
  others: number;
  /** There are more that are due. */
  more: boolean;
}

export interface MailActivities {
  /** Sends some of the mail that is due. Fails as a whole while the mail server does not answer. */
  sendMail(): Promise<MailStep>;
}
