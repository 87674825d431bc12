import { type FormFields, parseForm, singleField } from "../../carrier/forms.ts"
import { rawQuery } from "../../carrier/publicUrl.ts"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import type { VerifiedRequest } from "../../carrier/VerifiedRequest.ts"

/** The fields of a webhook: of the body, or of the query where Vobiz was told to use GET. */
export const fieldsOf = ({ method, publicUrl, body }: RawRequest | VerifiedRequest): FormFields =>
  parseForm(method === "GET" ? rawQuery(publicUrl) : body) ?? []

/** The account that a request names, believed or not: with a sub-account it is the main one. */
export const accountOf = (request: RawRequest): string | undefined => {
  const fields = fieldsOf(request)
  const id = singleField(fields, "ParentAuthID") ?? singleField(fields, "auth_id") ?? ""
  return id === "" ? undefined : id
}

/** The `ParentAuthID` that a request claims, if it looks like one. */
export const claimedAccountId = (request: RawRequest): string | undefined => {
  const id = accountOf(request)
  return id !== undefined && /^(MA|SA)_[A-Za-z0-9]{4,32}$/.test(id) ? id : undefined
}

/**
 * Whether a request is a call webhook of Vobiz: by its headers alone, because its form fields are also another carrier's. Vobiz's
 * notices about documents, complaints and trunks are JSON, and not about calls.
 */
export const recognize = ({ headers }: RawRequest): boolean => {
  const agent = headers["user-agent"] ?? ""
  if (
    /json/i.test(headers["content-type"] ?? "") ||
    headers["x-vobiz-event"] !== undefined ||
    /vobiz-vapor/i.test(agent)
  )
    return false
  return /vobiz/i.test(agent) || Object.keys(headers).some((name) => name.startsWith("x-vobiz-"))
}
