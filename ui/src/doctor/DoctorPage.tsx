import { useMutation } from "@tanstack/react-query"
import { Link, useNavigate, useRouterState } from "@tanstack/react-router"
import { request } from "../api/request.ts"
import { useConfigurationChoices } from "../configurations/queries.ts"
import { useProviderName } from "../parts/providers.ts"
import { Labelled, SelectInput } from "../form/inputs.tsx"
import { Button, buttonClass } from "../parts/Button.tsx"
import { EmptyState, Loaded, PageHeader, ProblemNote } from "../parts/Page.tsx"
import { useMay } from "../session/session.ts"
import { Checks, summaryOf } from "./Checks.tsx"
import { type Report, SignatureFailure } from "./SignatureFailure.tsx"

const useExamination = (id: string) =>
  useMutation({
    mutationKey: ["doctor", id],
    mutationFn: () => request("POST", "/api/v1/organizations/telephony-configs/:id/doctor", { params: { id } })
  })

const Findings = ({ of: { checks, signature_failures } }: { readonly of: Report }) => (
  <>
    <section aria-label="Checks" className="flex flex-col gap-3">
      <h2 className="font-semibold">Checks: {summaryOf(checks)}</h2>
      <Checks checks={checks} />
    </section>
    <section aria-label="Refused signatures" className="flex flex-col gap-3">
      <h2 className="font-semibold">Refused signatures of the last 24 hours: {signature_failures.length}</h2>
      {signature_failures.length === 0 ? (
        <p className="text-muted">No request was refused for its signature.</p>
      ) : (
        signature_failures.map((each) => <SignatureFailure key={each.id} of={each} />)
      )}
    </section>
  </>
)

const Examination = ({ id }: { readonly id: string }) => {
  const examination = useExamination(id)
  const mayExamine = useMay("operator")
  return (
    <div className="flex flex-col gap-5">
      <div className="flex flex-wrap items-center gap-3">
        <Button
          look="primary"
          busy={examination.isPending}
          disabled={!mayExamine}
          title={mayExamine ? undefined : "Only operators and admins may examine a configuration."}
          onClick={() => examination.mutate()}
        >
          Examine
        </Button>
        <p aria-live="polite" className="text-muted">
          {examination.isPending ? "Looking; this takes up to half a minute…" : null}
          {examination.isIdle ? "Asks the carrier, and changes nothing." : null}
          {examination.data === undefined || examination.isPending
            ? null
            : `Done: ${summaryOf(examination.data.checks)}.`}
        </p>
      </div>
      {examination.error === null ? null : <ProblemNote cause={examination.error} />}
      {examination.data === undefined ? null : <Findings of={examination.data} />}
    </div>
  )
}

/** Why calls of a configuration fail. The address of the page says which configuration. */
export const DoctorPage = () => {
  const configurations = useConfigurationChoices()
  const nameOf = useProviderName()
  const navigate = useNavigate()
  const chosen = useRouterState({
    select: ({ location }) => new URLSearchParams(location.searchStr).get("configuration") ?? ""
  })
  return (
    <>
      <PageHeader title="Doctor">
        Finds out why calls of a configuration fail: credentials, numbers, agents, webhooks, the public address, and
        requests whose signature was refused.
      </PageHeader>
      <Loaded of={configurations}>
        {(all) =>
          all.length === 0 ? (
            <EmptyState
              title="Nothing to examine yet"
              action={
                <Link to="/configurations" className={buttonClass("primary")}>
                  To the configurations
                </Link>
              }
            >
              Add a carrier account first.
            </EmptyState>
          ) : (
            <div className="flex flex-col gap-5">
              <div className="max-w-sm">
                <Labelled id="doctor-configuration" label="Configuration">
                  {({ id }) => (
                    <SelectInput
                      id={id}
                      value={chosen}
                      onChange={({ target }) =>
                        void navigate({ to: "/doctor", search: { configuration: target.value }, replace: true })
                      }
                    >
                      <option value="">Choose…</option>
                      {all.map(({ id: each, name, provider }) => (
                        <option key={each} value={each}>
                          {name} ({nameOf(provider)})
                        </option>
                      ))}
                    </SelectInput>
                  )}
                </Labelled>
              </div>
              {chosen === "" ? null : <Examination key={chosen} id={chosen} />}
            </div>
          )
        }
      </Loaded>
    </>
  )
}
