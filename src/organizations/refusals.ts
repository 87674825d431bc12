import { Schema } from "effect"
import { FieldError } from "../Form.ts"

/** What was sent cannot be saved; `errors` name the fields by their path in the request. */
export class InvalidFields extends Schema.TaggedError<InvalidFields>()("InvalidFields", {
  errors: Schema.Array(FieldError)
}) {}

/** The row was changed by someone else since the sender read it. */
export class VersionConflict extends Schema.TaggedError<VersionConflict>()("VersionConflict", {
  sent: Schema.Int,
  current: Schema.Int
}) {
  override get message() {
    return `This was changed meanwhile: you sent version ${this.sent}, it is at version ${this.current}. Read it again and repeat your change.`
  }
}

/** Another row of the organization has this name. */
export class NameTaken extends Schema.TaggedError<NameTaken>()("NameTaken", { name: Schema.String }) {
  override get message() {
    return `The name "${this.name}" is taken. Choose another one.`
  }
}

/** An active number of this account has the address already, here or in another organization. */
export class NumberTaken extends Schema.TaggedError<NumberTaken>()("NumberTaken", { address: Schema.String }) {
  override get message() {
    return `${this.address} is in use already as an active number of this carrier account. Remove it there, or make it inactive, before you add it here.`
  }
}

/** Phone numbers still ring this agent. */
export class AgentInUse extends Schema.TaggedError<AgentInUse>()("AgentInUse", {
  addresses: Schema.Array(Schema.String)
}) {
  override get message() {
    return `Calls to ${this.addresses.join(", ")} go to this agent. Give those numbers another agent, or none, before you delete it.`
  }
}

/** Without this key nobody could administer the organization any more. */
export class LastAdminKey extends Schema.TaggedError<LastAdminKey>()("LastAdminKey", {}) {
  override get message() {
    return "This is the last admin key of the organization. Create another admin key before you delete it."
  }
}

export class ApiKeyNotFound extends Schema.TaggedError<ApiKeyNotFound>()("ApiKeyNotFound", { id: Schema.String }) {}

export class PhoneNumberNotFound extends Schema.TaggedError<PhoneNumberNotFound>()("PhoneNumberNotFound", {
  id: Schema.String
}) {}

/** One field that cannot be saved. */
export const invalidField = (field: string, message: string) => new InvalidFields({ errors: [{ field, message }] })
