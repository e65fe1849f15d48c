---@meta sloth

-- Definitions of the workflow language for LuaLS (lua-language-server). Made by `sloth modules luals`.

---@class sloth.Result what an action that changes things returns
---@field changed boolean
---@field failed boolean
---@field success boolean
---@field message string
---@field diff string
---@field [string] any

---@class sloth.CommandResult: sloth.Result, string what a command returns; it also counts as the string stdout
---@field stdout string
---@field stderr string
---@field exit_code integer

---@class sloth.Workdir
---@field path string
---@field get fun(): string
---@field exists fun(): boolean
---@field ensure fun(): sloth.Result
---@field cleanup fun(): sloth.Result
---@field recreate fun(): sloth.Result

---@class sloth.This
---@field name string
---@field agent string
---@field workdir sloth.Workdir?

---@alias sloth.Command fun(this: sloth.This, params: table, deps: table): boolean?, string?, table?
---@alias sloth.Condition string|boolean|fun(this: sloth.This, params: table, ...): boolean?
---@alias sloth.Hook fun(this: sloth.This, params: table, about: any)
---@alias sloth.Names string|string[]|sloth.Task

---@class sloth.Task
local Task = {}

---@class sloth.Handler
local Handler = {}

---@class sloth.Role
local Role = {}

---@class sloth.Workflow
local Workflow = {}

--- Fails the task and stops the workflow when it holds.
---@param condition sloth.Condition
---@return sloth.Task
function Task:abort_if(condition) end

--- Kept as metadata.
---@param value? any
---@return sloth.Task
function Task:ai_optimization(value) end

--- Files that it leaves for others; globs.
---@param paths string|string[]
---@return sloth.Task
function Task:artifacts(paths) end

--- Runs beside other tasks.
---@param value? boolean
---@return sloth.Task
function Task:async(value) end

--- Its calls run as root, or as that user.
---@param user? boolean|string
---@return sloth.Task
function Task:become(user) end

--- The end of the chain.
---@return sloth.Task
function Task:build() end

--- Kept as metadata.
---@param name string
---@return sloth.Task
function Task:category(name) end

--- Whether it counts as changed.
---@param condition sloth.Condition
---@return sloth.Task
function Task:changed_if(condition) end

--- What it does: a line for the shell, or a function.
---@param command string|sloth.Command
---@return sloth.Task
function Task:command(command) end

--- The same as run_if.
---@param condition sloth.Condition
---@return sloth.Task
function Task:condition(condition) end

--- Artifacts of other tasks that it wants.
---@param names string|string[]
---@return sloth.Task
function Task:consumes(names) end

--- The host that runs it in place of its own.
---@param where any
---@return sloth.Task
function Task:delegate_to(where) end

--- What has to have succeeded before.
---@param ... sloth.Names
---@return sloth.Task
function Task:depends_on(...) end

--- What it is for.
---@param text string
---@return sloth.Task
function Task:description(text) end

--- Environment of its commands.
---@param variables table<string, any>
---@return sloth.Task
function Task:env(variables) end

--- Whether it counts as failed.
---@param condition sloth.Condition
---@return sloth.Task
function Task:failed_if(condition) end

--- Narrows the hosts of the workflow.
---@param ... string
---@return sloth.Task
function Task:hosts(...) end

--- Others go on when it fails.
---@param value? boolean
---@return sloth.Task
function Task:ignore_errors(value) end

--- Kept as metadata.
---@param value? any
---@return sloth.Task
function Task:learning_mode(value) end

--- The longest wait between attempts.
---@param time number|string
---@return sloth.Task
function Task:max_retry_delay(time) end

--- Runs only if these failed.
---@param ... sloth.Names
---@return sloth.Task
function Task:next_if_fail(...) end

--- Handlers to run at the end when it has changed something.
---@param ... string
---@return sloth.Task
function Task:notify(...) end

--- After it, either way.
---@param fn sloth.Hook
---@return sloth.Task
function Task:on_complete(fn) end

--- The same as on_failure.
---@param fn sloth.Hook
---@return sloth.Task
function Task:on_fail(fn) end

--- After its last attempt failed.
---@param fn sloth.Hook
---@return sloth.Task
function Task:on_failure(fn) end

--- Before another attempt.
---@param fn sloth.Hook
---@return sloth.Task
function Task:on_retry(fn) end

--- When it is skipped.
---@param fn sloth.Hook
---@return sloth.Task
function Task:on_skip(fn) end

--- After it succeeded.
---@param fn sloth.Hook
---@return sloth.Task
function Task:on_success(fn) end

--- When its time is over.
---@param fn sloth.Hook
---@return sloth.Task
function Task:on_timeout(fn) end

--- The names of the outputs that it promises.
---@param ... any
---@return sloth.Task
function Task:outputs(...) end

--- What its functions get as params.
---@param values table
---@return sloth.Task
function Task:params(values) end

--- The same as post_hook.
---@param fn sloth.Hook
---@return sloth.Task
function Task:post_exec(fn) end

--- After the command, as a part of the attempt.
---@param fn sloth.Hook
---@return sloth.Task
function Task:post_hook(fn) end

--- The same as pre_hook.
---@param fn sloth.Hook
---@return sloth.Task
function Task:pre_exec(fn) end

--- Before the command, as a part of the attempt.
---@param fn sloth.Hook
---@return sloth.Task
function Task:pre_hook(fn) end

--- A variable for its result.
---@param name string
---@return sloth.Task
function Task:register(name) end

--- Extra attempts.
---@param count integer|table
---@param strategy? "fixed"|"linear"|"exponential"
---@return sloth.Task
function Task:retries(count, strategy) end

--- The wait before the second attempt.
---@param time number|string
---@return sloth.Task
function Task:retry_delay(time) end

--- The same as command.
---@param command string|sloth.Command
---@return sloth.Task
function Task:run(command) end

--- Skipped when it does not hold.
---@param condition sloth.Condition
---@return sloth.Task
function Task:run_if(condition) end

--- On the first of its hosts only.
---@param value? boolean
---@return sloth.Task
function Task:run_once(value) end

--- So many of its hosts at a time: a number, "25%", or a list of them.
---@param sizes integer|string|(integer|string)[]
---@return sloth.Task
function Task:serial(sizes) end

--- Secrets that it may read.
---@param ... string
---@return sloth.Task
function Task:secrets(...) end

--- A line for the shell.
---@param line string
---@return sloth.Task
function Task:shell(line) end

--- The output of its commands is shown while they run.
---@param value? boolean
---@return sloth.Task
function Task:stream(value) end

--- To select it with -t.
---@param ... string|string[]
---@return sloth.Task
function Task:tags(...) end

--- For each attempt.
---@param time number|string
---@return sloth.Task
function Task:timeout(time) end

--- The same as become.
---@param name string
---@return sloth.Task
function Task:user(name) end

--- Begins as a copy of another.
---@param task sloth.Task
---@return sloth.Task
function Task:uses(task) end

--- Where its commands run.
---@param path string
---@return sloth.Task
function Task:workdir(path) end

--- The end of the chain.
---@return sloth.Handler
function Handler:build() end

--- Topics that it also runs for.
---@param ... string
---@return sloth.Handler
function Handler:listen(...) end

--- The end of the chain.
---@return sloth.Workflow
function Workflow:build() end

--- Whether the workdir goes at the end.
---@param value boolean|function
---@return sloth.Workflow
function Workflow:clean_workdir_after_run(value) end

--- Timeout, max_parallel_tasks, serial, max_fail, fail_fast, order, retry_policy ….
---@param settings table
---@return sloth.Workflow
function Workflow:config(settings) end

--- Whether the workdir is made.
---@param value? boolean
---@return sloth.Workflow
function Workflow:create_workdir_before_run(value) end

--- The host that runs its tasks.
---@param where any
---@return sloth.Workflow
function Workflow:delegate_to(where) end

--- What it is for.
---@param text string
---@return sloth.Workflow
function Workflow:description(text) end

--- What tasks may notify.
---@param handlers sloth.Handler[]
---@return sloth.Workflow
function Workflow:handlers(handlers) end

--- Pattern of hosts; all when it says nothing.
---@param ... string
---@return sloth.Workflow
function Workflow:hosts(...) end

--- For readers.
---@param values table
---@return sloth.Workflow
function Workflow:metadata(values) end

--- At the end, on the controller.
---@param fn fun(success: boolean, results: table)
---@return sloth.Workflow
function Workflow:on_complete(fn) end

--- Before anything connects; false stops the run.
---@param fn fun(): boolean?
---@return sloth.Workflow
function Workflow:on_start(fn) end

--- When the last host has ended a task.
---@param fn fun(name: string, success: boolean)
---@return sloth.Workflow
function Workflow:on_task_complete(fn) end

--- When the first host begins a task.
---@param fn fun(name: string)
---@return sloth.Workflow
function Workflow:on_task_start(fn) end

--- Names, { role = …, vars = …, tags = … }, role(name, vars):tags(…).
---@param roles any[]
---@return sloth.Workflow
function Workflow:roles(roles) end

--- Tags that all of its tasks have, also those of its roles.
---@param ... string | string[]
---@return sloth.Workflow
function Workflow:tags(...) end

--- Its tasks: built, names, or tables.
---@param tasks table
---@return sloth.Workflow
function Workflow:tasks(tasks) end

--- Variables of all hosts.
---@param values table
---@return sloth.Workflow
function Workflow:variables(values) end

--- For readers.
---@param text string
---@return sloth.Workflow
function Workflow:version(text) end

--- Of tasks that say nothing themselves.
---@param path string
---@return sloth.Workflow
function Workflow:workdir(path) end

--- Begin a task.
---@param name string
---@return sloth.Task
function task(name) end

--- A handler: it runs once, at the end, where a task has notified it.
---@param name string
---@param fn sloth.Command
---@return sloth.Handler
function handler(name, fn) end

--- A role, with variables for it.
---@param name string
---@param vars? table
---@return sloth.Role
function role(name, vars) end

--- Tags that all of its tasks have, also those of the roles that it needs.
---@param ... string | string[]
---@return sloth.Role
function Role:tags(...) end

---@class sloth.workflow
---@overload fun(name: string|table): sloth.Workflow
workflow = {}

--- Define a workflow.
---@param name string
---@param parts? table
---@return sloth.Workflow
function workflow.define(name, parts) end

--- Notify handlers.
---@param ... string
function notify(...) end

--- The value of a file; the path counts from the file that says it.
---@param path string
---@return any
function import(path) end

--- Outputs of the run itself.
---@param outputs table
function export(outputs) end

--- All that the host sees: variables of inventory, workflow, roles, values files and -e.
---@type table<string, any>
vars = {}

--- The values files.
---@type table<string, any>
values = {}

--- The params of the task that runs.
---@type table<string, any>
params = {}

--- Facts of the host, asked for when they are used.
---@type table<string, any>
facts = {}

--- Groups of the inventory, each a list of hosts.
---@type table<string, string[]>
groups = {}

--- The name of the host.
---@type string
inventory_hostname = ""

--- Secrets that the task names.
---@class sloth.secrets
---@field [string] string
---@field get fun(name: string): string
secrets = {}

--- Several functions or lines at once; of each its name, status, duration, error and outputs.
---@param tasks table[]
---@return table[]
function parallel(tasks) end

--- Run the handlers that are due now, not at the end.
---@param ... string
function flush_handlers(...) end

--- Where a task runs, as a value for delegate_to.
---@param where any
function delegate_to(where) end

--- Tasks under one name: group "name" { … }.
---@param name string
---@param parts? table
function group(name, parts) end

--- Functions of one task side by side; numbers are milliseconds.
---@class sloth.goroutine
goroutine = {}

--- Begin; an error in it fails the task.
---@param fn fun(...)
---@param ... any
function goroutine.spawn(fn, ...) end

--- Begin so many; each gets its number.
---@param count integer
---@param fn fun(number: integer, ...)
function goroutine.spawn_many(count, fn) end

--- Begin what is awaited later.
---@param fn fun(...): ...
---@param ... any
---@return sloth.Goroutine
function goroutine.async(fn, ...) end

--- The same as async.
---@param fn fun(...): ...
---@param ... any
---@return sloth.Goroutine
function goroutine.create(fn, ...) end

--- True and what it returns, or false and why.
---@param handle sloth.Goroutine
---@param limit? number|string
---@return boolean, ...
function goroutine.await(handle, limit) end

--- Of each: success, value, error.
---@param handles? sloth.Goroutine[]
---@return table[]
function goroutine.await_all(handles) end

--- The same as await_all.
---@param handles? sloth.Goroutine[]
---@return table[]
function goroutine.wait_all(handles) end

--- Of each item, in the order of the list.
---@param items any[]
---@param fn fun(item: any, number: integer): any
---@param limit? integer
---@return any[]
function goroutine.map(items, fn, limit) end

--- True and what it returns, or false and "timeout".
---@param time number|string
---@param fn fun(...): ...
---@param ... any
---@return boolean, ...
function goroutine.timeout(time, fn, ...) end

--- Let others go on.
---@param time number|string
function goroutine.sleep(time) end

--- add, done, wait, go
---@return table
function goroutine.wait_group() end

--- So many workers under a name.
---@param name string
---@param options? table
---@return table
function goroutine.pool_create(name, options) end

--- Let a worker of the pool call it.
---@param name string
---@param fn fun(...)
---@param ... any
---@return sloth.Goroutine
function goroutine.pool_submit(name, fn, ...) end

--- Until all is done.
---@param name string
function goroutine.pool_wait(name) end

--- The same, and no more work after that.
---@param name string
function goroutine.pool_close(name) end

--- workers, active, queued, completed, failed
---@param name string
---@return table<string, any>
function goroutine.pool_stats(name) end

--- send, receive, try_send, try_receive, close, len, cap, range
---@param capacity? integer
---@return table
function goroutine.channel(capacity) end

--- The first case that can be: its number, and what its handler returns.
---@param cases table[]
---@return integer?, ...
function goroutine.select(cases) end

--- The same, or nil and "timeout".
---@param time number|string
---@param cases table[]
---@return integer?, ...
function goroutine.select_timeout(time, cases) end

--- A channel of what the functions make of each value.
---@param source table
---@param ... fun(value: any): any
---@return table
function goroutine.pipeline(source, ...) end

--- A channel of what so many goroutines make of the values.
---@param source table
---@param count integer
---@param fn fun(value: any): any
---@return table
function goroutine.fan_out(source, count, fn) end

--- One channel of several.
---@param channels table[]
---@return table
function goroutine.fan_in(channels) end

--- lock, unlock, try_lock
---@return table
function goroutine.mutex() end

--- lock, unlock, rlock, runlock and try_…
---@return table
function goroutine.rwmutex() end

--- acquire, release, try_acquire, available
---@param count integer
---@return table
function goroutine.semaphore(count) end

--- add, sub, get, set, swap, compare_and_swap
---@param value? integer
---@return table
function goroutine.atomic_int(value) end

--- call, done
---@return table
function goroutine.once() end

--- wait, signal, broadcast
---@param mutex? table
---@return table
function goroutine.cond(mutex) end

--- cancel, is_done, err, wait, with_cancel, with_timeout, with_value, value
---@param time? number|string|table
---@return table
function goroutine.context(time) end

---@class sloth.Goroutine
local Goroutine = {}

--- True and what it returns, or false and why.
---@param limit? number|string
---@return boolean, ...
function Goroutine:await(limit) end

--- Whether it has ended.
---@return boolean
function Goroutine:is_done() end

--- End it, and what it called.
---@return boolean
function Goroutine:cancel() end

---@class sloth.reliability
reliability = {}

--- retry with settings.
---@param settings table
---@param fn fun(): any
---@return any
function reliability.retry_with_config(settings, fn) end

--- The same as retry.
---@param attempts integer
---@param delay number|string
---@param fn fun(): any
---@return any
function reliability.retry(attempts, delay, fn) end

--- Call it, unless it failed too often in a row.
---@param settings table
---@param fn fun(): any
---@return any
function reliability.circuit_breaker(settings, fn) end

--- Call it until it does not fail; attempts in all, and the first wait in seconds.
---@param attempts integer|table
---@param delay number|string|fun(): any
---@param fn? fun(): any
---@return any
function retry(attempts, delay, fn) end

--- Nothing, where a table has to hold it.
null = {}

---@class sloth.assert
---@overload fun(condition: any, message?: any, ...): any
---@field [string] fun(...): boolean
assert = {}

---@class sloth.TestResult
---@field status string
---@field success boolean
---@field failed boolean
---@field changed boolean
---@field skipped boolean
---@field message string
---@field error string
---@field outputs table
---@field changes string[]
---@field notified string[]
---@field handlers table<string, string>
---@field logs string[]
---@field calls { action: string, args: table }[]
---@field tasks table<string, sloth.TestResult>?

test = {}
---@param name string
---@param fn fun()
function test.describe(name, fn) end
---@param name string
---@param fn fun()
function test.it(name, fn) end
---@param fn fun()
function test.before_all(fn) end
---@param fn fun()
function test.before_each(fn) end
---@param fn fun()
function test.after_each(fn) end
---@param fn fun()
function test.after_all(fn) end
---@param path string
function test.workflow(path) end
---@param action string
---@param what any
function test.mock(action, what) end
---@param name string
---@param options? table
---@return sloth.TestResult
function test.run_task(name, options) end
---@param name? string
---@param options? table
---@return sloth.TestResult
function test.run_workflow(name, options) end
---@param action? string
---@return { action: string, args: table }[]
function test.calls(action) end
---@return string
function test.folder() end
---@param why? string
function test.skip(why) end
