/** Before anything could be shown: nobody answers. */
import { explain } from '../api/problem.ts'
import { Notice } from '../parts/notice.tsx'

export function Away({ error }: { readonly error: unknown }) {
  return (
    <main className="door">
      <div className="panel door-panel">
        <h1>Nobody can say who you are</h1>
        <Notice mark="unsure" isUrgent>
          {explain(error)} The page tries again every two seconds.
        </Notice>
        <p className="muted">
          Sessions are neither lost nor ended by this. On a machine of the deployment, the command line{' '}
          <code>curfew doctor</code> tells more.
        </p>
      </div>
    </main>
  )
}
