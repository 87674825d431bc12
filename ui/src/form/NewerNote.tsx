import { type FieldValues, get, type UseFormReturn, useWatch } from "react-hook-form"
import { Button } from "../parts/Button.tsx"
import { changedFields, type FormField, initialValues, rebased } from "./fields.ts"

/** What somebody else saved while a form was open. */
export interface Newer {
  readonly saved: FieldValues
  /** The person wants to go on from the newer values: from now on they are `saved` of the form. */
  readonly onLoad: () => void
}

const named = (fields: ReadonlyArray<FormField>) => fields.map(({ label }) => label).join(", ")

/** Says that somebody else saved, and goes on from there with what was typed here kept. */
export const NewerNote = ({
  newer,
  fields,
  initial,
  form
}: {
  readonly newer: Newer
  readonly fields: ReadonlyArray<FormField>
  /** What the inputs showed when the form was opened. */
  readonly initial: FieldValues
  readonly form: UseFormReturn<FieldValues>
}) => {
  const typed = useWatch({ control: form.control })
  const next = initialValues(fields, newer.saved)
  const mine = changedFields(fields, initial, typed)
  const theirs = changedFields(fields, initial, next)
  const both = mine.filter((field) => theirs.includes(field))
  const load = () => {
    form.reset(next)
    const values = rebased(fields, { older: initial, typed, newer: next })
    for (const field of mine) form.setValue(field.name, get(values, field.name), { shouldDirty: true })
    newer.onLoad()
  }
  return (
    <div
      role="alert"
      className="border-warn bg-warn-soft text-warn flex flex-col items-start gap-2 rounded-md border p-3"
    >
      <p className="font-medium">Somebody else saved this while you were here.</p>
      <p>
        {theirs.length === 0 ? "They changed nothing that you see here." : `They changed: ${named(theirs)}.`}{" "}
        {mine.length === 0 ? "" : `What you typed stays: ${named(mine)}.`}{" "}
        {both.length === 0 ? "" : `Look twice at ${named(both)}: both of you changed it.`}
      </p>
      <Button small onClick={load}>
        Load the newer version
      </Button>
    </div>
  )
}
