import { MoreButton } from "../parts/MoreButton.tsx"
import { Card, Loaded } from "../parts/Page.tsx"
import { useMay } from "../session/session.ts"
import { AddNumber } from "./AddNumber.tsx"
import { NumbersTable } from "./NumbersTable.tsx"
import { useNumbersOf } from "./queries.ts"

/** The numbers of one configuration. */
export const NumbersCard = ({ configurationId }: { readonly configurationId: string }) => {
  const numbers = useNumbersOf(configurationId)
  const mayWrite = useMay("operator")
  return (
    <Card title="Phone numbers" actions={mayWrite ? <AddNumber small configurationId={configurationId} /> : null}>
      <Loaded of={numbers}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.phone_numbers)
          return all.length === 0 ? (
            <p className="text-muted">
              No number yet. Add one that the account holds: it is called from there, and an agent answers calls to it.
            </p>
          ) : (
            <>
              <NumbersTable numbers={all} />
              <MoreButton of={numbers} />
            </>
          )
        }}
      </Loaded>
    </Card>
  )
}
