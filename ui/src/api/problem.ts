/** What is wrong with one field, by its dotted path in the request. */
export interface FieldProblem {
  readonly field: string
  readonly message: string
}

/** A problem document of the API (RFC 9457), or that the service could not be asked (`status` 0). */
export class Problem extends Error {
  override readonly name = "Problem"
  readonly status: number
  readonly code: string
  readonly errors: ReadonlyArray<FieldProblem>

  constructor(status: number, code: string, message: string, errors: ReadonlyArray<FieldProblem> = []) {
    super(message)
    this.status = status
    this.code = code
    this.errors = errors
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const textOf = (value: unknown, otherwise: string) => (typeof value === "string" && value !== "" ? value : otherwise)

const fieldsOf = (value: unknown): ReadonlyArray<FieldProblem> =>
  Array.isArray(value)
    ? value.filter(isObject).map(({ field, message }) => ({ field: textOf(field, ""), message: textOf(message, "") }))
    : []

/** Reads the answer of a request that was refused, whatever answered it: a proxy may have. */
export const problemOf = async (response: Response): Promise<Problem> => {
  const body: unknown = await response.json().catch(() => undefined)
  const { code, detail, title, errors } = isObject(body) ? body : {}
  const message = textOf(detail, textOf(title, `The service answered ${response.status}.`))
  return new Problem(response.status, textOf(code, "unknown"), message, fieldsOf(errors))
}

/** The service did not answer. */
export const unreachable = () =>
  new Problem(0, "unreachable", "The service does not answer. Is it running, and is this machine connected?")

/** What a person is told about any failure. */
export const messageOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : "Something went wrong in this page."
