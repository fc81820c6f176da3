/** Asks the process in this container whether it lives; exit code 0: yes. Docker runs it, see docker-compose.yml. */
const port = process.env['HTTP_PORT'] ?? '8137';
const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4000) });
if (!answer.ok) process.exitCode = 1;
