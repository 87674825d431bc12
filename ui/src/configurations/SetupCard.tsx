import { Circle, CircleCheck } from "lucide-react"
import { Card } from "../parts/Page.tsx"
import type { Configuration } from "./queries.ts"
import type { Provider } from "../parts/providers.ts"

/** What has to be done before the configuration can be used, in the order in which to do it. */
export const SetupCard = ({ of, provider }: { readonly of: Configuration; readonly provider: Provider }) => {
  const missing = of.setup_checklist.filter(({ done }) => !done).length
  const labelOf = (field: string) => provider.fields.find(({ name }) => name === field)?.label ?? field
  return (
    <Card title={missing === 0 ? "Setup: complete" : `Setup: ${missing} to do`}>
      <ol className="flex flex-col gap-2">
        {of.setup_checklist.map(({ done, field, step }) => (
          <li key={step} className="flex items-start gap-2">
            {done ? (
              <CircleCheck size={16} aria-hidden className="text-good mt-0.5 shrink-0" />
            ) : (
              <Circle size={16} aria-hidden className="text-warn mt-0.5 shrink-0" />
            )}
            <span className={done ? "text-muted" : "font-medium"}>
              <span className="sr-only">{done ? "Done: " : "To do: "}</span>
              {step}
              {done || field === undefined ? null : (
                <span className="text-muted font-normal"> (Settings: {labelOf(field)})</span>
              )}
            </span>
          </li>
        ))}
      </ol>
    </Card>
  )
}
