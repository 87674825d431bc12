import { type ReactNode, useMemo, useState } from "react"
import { type FieldValues, get, useForm, useWatch } from "react-hook-form"
import { Problem } from "../api/problem.ts"
import { Button } from "../parts/Button.tsx"
import { ProblemNote } from "../parts/Page.tsx"
import { FieldInput } from "./FieldInput.tsx"
import { type FormField, initialValues, isVisible, payloadOf } from "./fields.ts"

interface Section {
  readonly title: string
  readonly fields: ReadonlyArray<FormField>
}

/** Fields one after another, those of a section together, in the order in which sections are first named. */
const sectionsOf = (fields: ReadonlyArray<FormField>): ReadonlyArray<Section> => {
  const titles = [...new Set(fields.map(({ section }) => section ?? ""))]
  return titles.map((title) => ({ title, fields: fields.filter(({ section }) => (section ?? "") === title) }))
}

/**
 * A form made of field descriptions. `saved` fills it in, shaped like the request. `onSubmit` takes the request that the
 * values make; when it rejects with a `Problem`, its field errors are shown at the fields and the rest above the button.
 */
export const GenericForm = ({
  fields,
  saved = {},
  submit,
  onSubmit,
  explain,
  aside
}: {
  readonly fields: ReadonlyArray<FormField>
  readonly saved?: FieldValues
  /** The word on the button. */
  readonly submit: string
  readonly onSubmit: (payload: Record<string, unknown>) => Promise<unknown>
  /** What to say of a problem instead of the service's own words; undefined: those. */
  readonly explain?: (problem: Problem) => ReactNode | undefined
  readonly aside?: ReactNode
}) => {
  const initial = useMemo(() => initialValues(fields, saved), [fields, saved])
  const { control, handleSubmit, setError, formState } = useForm<FieldValues>({ defaultValues: initial })
  const values = useWatch({ control })
  const [problem, setProblem] = useState<unknown>(null)

  const shown = fields.filter((field) => isVisible(field, values))
  const send = async (current: FieldValues) => {
    setProblem(null)
    await onSubmit(payloadOf(fields, current)).catch((cause: unknown) => {
      const errors = cause instanceof Problem ? cause.errors : []
      const known = errors.filter(({ field }) => shown.some(({ name }) => name === field))
      known.forEach(({ field, message }, index) => setError(field, { message }, { shouldFocus: index === 0 }))
      const rest = errors.filter((error) => !known.includes(error))
      if (known.length === 0 || rest.length > 0) {
        const lines = rest.map(({ field, message }) => `${field}: ${message}`).join("; ")
        setProblem(lines === "" ? cause : new Error(lines))
      }
    })
  }

  const explained = problem instanceof Problem ? explain?.(problem) : undefined
  return (
    <form noValidate className="flex max-w-2xl flex-col gap-6" onSubmit={(event) => void handleSubmit(send)(event)}>
      {sectionsOf(shown).map(({ title, fields: inSection }) => (
        <fieldset key={title} className="flex flex-col gap-4">
          {title === "" ? null : <legend className="mb-3 font-semibold">{title}</legend>}
          {inSection.map((field) => (
            <FieldInput key={field.name} field={field} control={control} saved={get(initial, field.name)} />
          ))}
        </fieldset>
      ))}
      {problem === null ? null : (explained ?? <ProblemNote cause={problem} />)}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" look="primary" busy={formState.isSubmitting}>
          {submit}
        </Button>
        {aside}
      </div>
    </form>
  )
}
