import { useId } from "react"
import { type Control, type FieldValues, useController } from "react-hook-form"
import { Button } from "../parts/Button.tsx"
import { CopyButton } from "../parts/CopyButton.tsx"
import { type FormField, isKeptSecret, rulesOf } from "./fields.ts"
import { inputClass, Labelled, SelectInput, TagsInput, TextArea, TextInput } from "./inputs.tsx"

const textOf = (value: unknown) => (typeof value === "string" || typeof value === "number" ? String(value) : "")
const tagsOf = (value: unknown): ReadonlyArray<string> =>
  Array.isArray(value) ? value.filter((each) => typeof each === "string") : []

/** The input of one field, whatever its type. A stored secret is shown masked and kept unless it is replaced. */
export const FieldInput = ({
  field,
  control,
  saved
}: {
  readonly field: FormField
  readonly control: Control<FieldValues>
  /** The value when the form was opened: a masked secret can be gone back to. */
  readonly saved: unknown
}) => {
  const id = useId()
  const { field: input, fieldState } = useController({ name: field.name, control, rules: rulesOf(field) })
  const value: unknown = input.value
  const common = { name: input.name, onBlur: input.onBlur, ref: input.ref }
  const labelled = {
    id,
    label: field.label,
    required: field.required,
    ...(field.description === undefined ? {} : { description: field.description }),
    error: fieldState.error?.message
  }
  const placeholder = field.placeholder === undefined ? {} : { placeholder: field.placeholder }

  if (field.type === "readonly") {
    return textOf(value) === "" ? null : (
      <Labelled {...labelled}>
        {({ id: outputId }) => (
          <div className="flex items-center gap-1">
            <output
              id={outputId}
              className={`${inputClass} bg-raised overflow-x-auto font-mono text-xs whitespace-nowrap`}
            >
              {textOf(value)}
            </output>
            <CopyButton text={textOf(value)} what={field.label} />
          </div>
        )}
      </Labelled>
    )
  }
  if (field.type === "boolean") {
    return (
      <div className="flex flex-col gap-1">
        <label className="flex items-center gap-2 font-medium">
          <input
            type="checkbox"
            {...common}
            checked={value === true}
            onChange={(event) => input.onChange(event.target.checked)}
            className="accent-accent size-4"
            aria-describedby={field.description === undefined ? undefined : `${id}-description`}
          />
          {field.label}
        </label>
        {field.description === undefined ? null : (
          <p id={`${id}-description`} className="text-muted text-xs">
            {field.description}
          </p>
        )}
        {fieldState.error === undefined ? null : (
          <p role="alert" className="text-bad text-xs">
            {fieldState.error.message}
          </p>
        )}
      </div>
    )
  }
  if (isKeptSecret(value)) {
    return (
      <Labelled {...labelled}>
        {(aria) => (
          <div className="flex items-center gap-2">
            <output {...aria} className={`${inputClass} bg-raised font-mono text-xs`}>
              {value} <span className="text-muted">(stored, kept)</span>
            </output>
            <Button aria-label={`Replace ${field.label}`} onClick={() => input.onChange("")}>
              Replace
            </Button>
          </div>
        )}
      </Labelled>
    )
  }
  return (
    <Labelled {...labelled}>
      {(aria) => {
        const text = {
          ...common,
          ...aria,
          ...placeholder,
          value: textOf(value),
          onChange: (event: { readonly target: { readonly value: string } }) => input.onChange(event.target.value)
        }
        if (field.type === "select") {
          return (
            <SelectInput {...text}>
              {field.required && textOf(value) !== "" ? null : <option value="">Choose…</option>}
              {(field.options ?? []).map((option) => (
                <option key={option.value} value={option.value}>
                  {option.label}
                </option>
              ))}
            </SelectInput>
          )
        }
        if (field.type === "string-array") {
          return <TagsInput {...aria} {...placeholder} value={tagsOf(value)} onChange={input.onChange} />
        }
        if (field.type === "textarea") return <TextArea {...text} spellCheck={false} />
        return (
          <div className="flex items-center gap-2">
            <TextInput
              {...text}
              type={field.type === "password" ? "password" : "text"}
              inputMode={field.type === "number" ? "decimal" : undefined}
              autoComplete={field.type === "password" ? "new-password" : "off"}
              spellCheck={false}
            />
            {isKeptSecret(saved) ? (
              <Button aria-label={`Keep the stored ${field.label}`} onClick={() => input.onChange(saved)}>
                Keep the stored one
              </Button>
            ) : null}
          </div>
        )
      }}
    </Labelled>
  )
}
