import { Link, Outlet, useRouterState } from "@tanstack/react-router"
import {
  Activity,
  Bot,
  Cable,
  Hash,
  LogOut,
  type LucideIcon,
  Menu,
  Monitor,
  Moon,
  Phone,
  PhoneCall,
  Stethoscope,
  Sun,
  X
} from "lucide-react"
import { clsx } from "clsx"
import { lazy, Suspense, useEffect, useState } from "react"
import icon from "../icon.svg"
import { Button, IconButton } from "../parts/Button.tsx"
import { Loading, ProblemNote } from "../parts/Page.tsx"
import { SignIn } from "../session/SignIn.tsx"
import { useSession, useSignOut } from "../session/session.ts"
import { type Theme, useTheme } from "./theme.ts"

const OngoingCall = lazy(async () => ({ default: (await import("../phone/OngoingCall.tsx")).OngoingCall }))

const places = [
  { to: "/", label: "Dashboard", icon: Activity },
  { to: "/calls", label: "Calls", icon: PhoneCall },
  { to: "/phone", label: "Phone", icon: Phone },
  { to: "/agents", label: "Agents", icon: Bot },
  { to: "/configurations", label: "Configurations", icon: Cable },
  { to: "/numbers", label: "Numbers", icon: Hash },
  { to: "/doctor", label: "Doctor", icon: Stethoscope }
] as const

const themes: ReadonlyArray<{ readonly theme: Theme; readonly label: string; readonly icon: LucideIcon }> = [
  { theme: "light", label: "Light", icon: Sun },
  { theme: "dark", label: "Dark", icon: Moon },
  { theme: "system", label: "As the system", icon: Monitor }
]

const ThemeChoice = () => {
  const [chosen, choose] = useTheme()
  return (
    <div role="radiogroup" aria-label="Theme" className="border-line flex rounded-md border p-0.5">
      {themes.map(({ theme, label, icon: Icon }) => (
        <button
          key={theme}
          type="button"
          role="radio"
          aria-checked={chosen === theme}
          aria-label={label}
          title={label}
          onClick={() => choose(theme)}
          className={clsx(
            "flex-1 rounded p-1.5",
            chosen === theme ? "bg-raised text-ink" : "text-muted hover:text-ink"
          )}
        >
          <Icon size={14} aria-hidden className="mx-auto" />
        </button>
      ))}
    </div>
  )
}

const Navigation = () => (
  <nav aria-label="Pages" className="flex flex-col gap-0.5">
    {places.map(({ to, label, icon: Icon }) => (
      <Link
        key={to}
        to={to}
        activeOptions={{ exact: to === "/", includeSearch: false }}
        className="text-muted hover:bg-raised hover:text-ink flex items-center gap-2.5 rounded-md px-2.5 py-2 font-medium"
        activeProps={{ className: "!bg-accent-soft !text-accent", "aria-current": "page" }}
      >
        <Icon size={16} aria-hidden />
        {label}
      </Link>
    ))}
  </nav>
)

const Account = () => {
  const { data } = useSession()
  const signOut = useSignOut()
  return (
    <div className="mt-auto flex flex-col gap-3">
      <ThemeChoice />
      <div className="flex items-center justify-between gap-2">
        <p className="min-w-0 text-xs">
          <span className="block truncate font-medium">{data?.organization.name}</span>
          <span className="text-muted block truncate">
            {data?.role} · {data?.key_prefix}…
          </span>
        </p>
        <IconButton label="Sign out" onClick={() => signOut.mutate()}>
          <LogOut size={16} aria-hidden />
        </IconButton>
      </div>
    </div>
  )
}

const SignedIn = () => {
  const [open, setOpen] = useState(false)
  const path = useRouterState({ select: ({ location }) => location.pathname })
  useEffect(() => setOpen(false), [path])
  return (
    <div className="md:grid md:grid-cols-[14rem_minmax(0,1fr)]">
      <a
        href="#main"
        className="bg-accent text-accent-ink sr-only z-50 rounded px-3 py-2 focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the page
      </a>
      <div
        className={clsx(
          "border-line bg-surface flex flex-col gap-6 p-3 max-md:border-b md:sticky md:top-0 md:h-dvh md:overflow-y-auto md:border-r",
          !open && "max-md:gap-0"
        )}
      >
        <div className="flex items-center justify-between">
          <Link to="/" className="flex items-center gap-2.5 px-1 text-base font-semibold">
            <img src={icon} alt="" className="size-7" />
            Switchboard
          </Link>
          <IconButton
            label={open ? "Close the menu" : "Open the menu"}
            aria-expanded={open}
            className="md:!hidden"
            onClick={() => setOpen(!open)}
          >
            {open ? <X size={18} aria-hidden /> : <Menu size={18} aria-hidden />}
          </IconButton>
        </div>
        <div className={clsx("flex flex-1 flex-col gap-6", !open && "max-md:hidden")}>
          <Navigation />
          <Account />
        </div>
      </div>
      <main id="main" tabIndex={-1} className="min-w-0 p-4 outline-none md:p-6">
        <div className="mx-auto max-w-6xl">
          <Suspense>
            <OngoingCall />
          </Suspense>
          <Outlet />
        </div>
      </main>
    </div>
  )
}

/** The frame of every page: who is not signed in sees the sign-in page at the same address. */
export const Shell = () => {
  const { data, error, refetch } = useSession()
  if (data === null) return <SignIn />
  if (data !== undefined) return <SignedIn />
  return (
    <div className="p-6">
      {error === null ? <Loading /> : <ProblemNote cause={error} retry={() => void refetch()} />}
    </div>
  )
}

/** A page could not be drawn: a fault of the console. */
export const Fault = ({ error, reset }: { readonly error: unknown; readonly reset: () => void }) => (
  <div className="flex flex-col items-start gap-3">
    <ProblemNote cause={error} />
    <Button onClick={reset}>Try again</Button>
  </div>
)
