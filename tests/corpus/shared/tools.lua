-- Tasks that several files use.
return {
  hello = {
    description = "say hello",
    params = { who = "world", greeting = "hello" },
    command = function(params) return true, params.greeting .. " " .. params.who, { said = params.who } end,
  },
}
