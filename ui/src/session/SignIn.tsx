import { type FormEvent, useState } from "react"
import { Labelled, TextInput } from "../form/inputs.tsx"
import { Button } from "../parts/Button.tsx"
import { ProblemNote } from "../parts/Page.tsx"
import icon from "../icon.svg"
import { useSignIn } from "./session.ts"

/** Asks for an API key and changes it for a session. The key is not kept in the page. */
export const SignIn = () => {
  const [apiKey, setApiKey] = useState("")
  const signIn = useSignIn()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signIn.mutate(apiKey.trim())
  }
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <form
        onSubmit={submit}
        className="border-line bg-surface flex w-full max-w-sm flex-col gap-4 rounded-lg border p-6"
      >
        <div className="flex items-center gap-3">
          <img src={icon} alt="" className="size-9" />
          <h1 className="text-lg font-semibold">Sign in to Switchboard</h1>
        </div>
        <Labelled
          id="api-key"
          label="API key"
          description="Printed by the service at its first start, or made by an admin. What you may do here is what the key may do."
        >
          {(aria) => (
            <TextInput
              {...aria}
              type="password"
              autoComplete="current-password"
              placeholder="sb_…"
              value={apiKey}
              onChange={(event) => setApiKey(event.target.value)}
            />
          )}
        </Labelled>
        {signIn.error === null ? null : <ProblemNote cause={signIn.error} />}
        <Button type="submit" look="primary" busy={signIn.isPending} disabled={apiKey.trim() === ""}>
          Sign in
        </Button>
      </form>
    </main>
  )
}
