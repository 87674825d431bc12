/** Why a sender could not be proved, before any signature was looked at; and what a person can do about it. */
export interface RefusalReason {
  readonly reason: string
  readonly nextStep: string
}

const otherKey =
  "The address was made by another installation, or under an encryption key that this one does not have. Sync the phone numbers, and keep the old key in SWITCHBOARD_ENCRYPTION_KEY until no carrier uses its addresses any more."

const gone =
  "Nothing is to be done about a call that was deleted. Otherwise another installation with a database of its own gave this address out: look which one PUBLIC_URL should lead to."

const otherRoute =
  "The address of one carrier's call was used on the path of another. Look for a proxy that rewrites paths."

export const refusals = {
  noAccount: {
    reason: "no configuration has the account that the request claims",
    nextStep:
      "Compare the account id of the configuration with that of the account which holds the number: a subaccount has its own. Then look whether a proxy changes the body of the request."
  },
  configurationToken: { reason: "the configuration token in the URL is not ours", nextStep: otherKey },
  callToken: { reason: "the call token in the URL is not ours", nextStep: otherKey },
  transferToken: { reason: "the transfer token in the URL is not ours", nextStep: otherKey },
  callGone: { reason: "the call of the token is gone", nextStep: gone },
  transferGone: { reason: "the transfer of the token is gone", nextStep: gone },
  otherCall: { reason: "the token is of another provider's call", nextStep: otherRoute },
  otherTransfer: { reason: "the token is of another provider's transfer", nextStep: otherRoute },
  nobody: {
    reason: "no provider recognizes the request",
    nextStep:
      "Give the carrier its own inbound address, which ends in its name, instead of the shared one; then look whether a proxy takes headers away, by which carriers are told apart."
  },
  notLoaded: (error: string): RefusalReason => ({
    reason: `the configuration cannot be loaded: ${error}`,
    nextStep: "Save the credentials of the configuration again, or see what the doctor says about them."
  })
} as const
