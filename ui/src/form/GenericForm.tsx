import { type ReactNode, useMemo, useState } from "react"
import { type FieldValues, get, useForm, useWatch } from "react-hook-form"
import { type FieldProblem, Problem } from "../api/problem.ts"
import { Button } from "../parts/Button.tsx"
import { ProblemNote } from "../parts/Page.tsx"
import { FieldInput } from "./FieldInput.tsx"
import { changedFields, type FormField, initialValues, type Payload, payloadOf, visibleFields } from "./fields.ts"
import { type Newer, NewerNote } from "./NewerNote.tsx"
import { UnsavedInput } from "./UnsavedInput.tsx"

interface Section {
  readonly title: string
  readonly fields: ReadonlyArray<FormField>
}

/** Fields one after another, those of a section together, in the order in which sections are first named. */
const sectionsOf = (fields: ReadonlyArray<FormField>): ReadonlyArray<Section> => {
  const titles = [...new Set(fields.map(({ section }) => section ?? ""))]
  return titles.map((title) => ({ title, fields: fields.filter(({ section }) => (section ?? "") === title) }))
}

/** The shown field that an error of the service is about: its own, or the one that it is inside of. */
const fieldOf = (shown: ReadonlyArray<FormField>, path: string) =>
  shown.find(({ name }) => path === name) ?? shown.find(({ name }) => path.startsWith(`${name}.`))

const NOTHING: FieldValues = {}

/**
 * A form made of field descriptions. `saved` fills it in, shaped like the request. `onSubmit` takes the request that the
 * values make; when it rejects with a `Problem`, its field errors are shown at the fields and the rest above the button.
 */
export const GenericForm = ({
  fields,
  saved = NOTHING,
  submit,
  onSubmit,
  explain,
  at = {},
  beside = {},
  newer,
  locked,
  aside
}: {
  readonly fields: ReadonlyArray<FormField>
  readonly saved?: FieldValues
  /** The word on the button. */
  readonly submit: string
  /** `show` fills the form in again with what is saved now, where it stays open. */
  readonly onSubmit: (payload: Payload, show: (saved: FieldValues) => void) => Promise<unknown>
  /** What to say of a problem instead of the service's own words; undefined: those. */
  readonly explain?: (problem: Problem) => ReactNode | undefined
  /** The field that a problem without field errors belongs to, by the problem's code: `{ name_taken: "name" }`. */
  readonly at?: Readonly<Record<string, string>>
  /** What is shown below an input, by the field's name, given the values of the form. */
  readonly beside?: Readonly<Record<string, (values: FieldValues) => ReactNode>>
  /** Somebody else saved since the form was opened. */
  readonly newer?: Newer | undefined
  /** Why the person may only look. */
  readonly locked?: string | undefined
  readonly aside?: ReactNode
}) => {
  const initial = useMemo(() => initialValues(fields, saved), [fields, saved])
  const form = useForm<FieldValues>({ defaultValues: initial })
  const { control, handleSubmit, setError, formState } = form
  const values = useWatch({ control })
  const [problem, setProblem] = useState<unknown>(null)

  const shown = visibleFields(fields, values)
  const errorsOf = (cause: unknown): ReadonlyArray<FieldProblem> => {
    if (!(cause instanceof Problem)) return []
    const field = at[cause.code]
    return cause.errors.length > 0 || field === undefined ? cause.errors : [{ field, message: cause.message }]
  }
  const send = async (current: FieldValues) => {
    setProblem(null)
    const show = (now: FieldValues) => form.reset(initialValues(fields, now))
    await onSubmit(payloadOf(fields, current), show).catch((cause: unknown) => {
      const errors = errorsOf(cause).map((error) => ({ ...error, input: fieldOf(shown, error.field) }))
      errors.forEach(({ input, message }, index) => {
        if (input !== undefined) setError(input.name, { message }, { shouldFocus: index === 0 })
      })
      const rest = errors.filter(({ input }) => input === undefined)
      if (errors.length === 0) setProblem(cause)
      else if (rest.length > 0)
        setProblem(new Error(rest.map(({ field, message }) => `${field}: ${message}`).join("; ")))
    })
  }

  const explained = problem instanceof Problem ? explain?.(problem) : undefined
  return (
    <form noValidate className="flex max-w-2xl flex-col gap-6" onSubmit={(event) => void handleSubmit(send)(event)}>
      <UnsavedInput exists={!formState.isSubmitting && changedFields(fields, initial, values).length > 0} />
      {sectionsOf(shown).map(({ title, fields: inSection }) => (
        <fieldset key={title} className="flex min-w-0 flex-col gap-4" disabled={locked !== undefined}>
          {title === "" ? null : <legend className="mb-3 font-semibold">{title}</legend>}
          {inSection.map((field) => (
            <FieldInput
              key={field.name}
              field={field}
              control={control}
              saved={get(initial, field.name)}
              beside={beside[field.name]?.(values)}
            />
          ))}
        </fieldset>
      ))}
      {problem === null || (newer !== undefined && problem instanceof Problem && problem.code === "version_conflict")
        ? null
        : (explained ?? <ProblemNote cause={problem} />)}
      {newer === undefined ? null : (
        <NewerNote
          newer={{
            ...newer,
            onLoad: () => {
              setProblem(null)
              newer.onLoad()
            }
          }}
          fields={fields}
          initial={initial}
          form={form}
        />
      )}
      {locked === undefined ? null : <p className="text-muted">{locked}</p>}
      <div className="flex flex-wrap gap-2">
        {locked === undefined ? (
          <Button type="submit" look="primary" busy={formState.isSubmitting}>
            {submit}
          </Button>
        ) : null}
        {aside}
      </div>
    </form>
  )
}
