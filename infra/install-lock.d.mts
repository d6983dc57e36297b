/** Runs `work` while holding the lock that lives in `folder`; `waiting` is called once if somebody else has it. */
export function withInstallLock<T>(folder: string, waiting: () => void, work: () => Promise<T>): Promise<T>
