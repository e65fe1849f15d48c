--- What @NAME@ is for, in a line: `sloth modules show @NAME@` prints this manual.
local M = {}

--- Make sure that a file holds a text.
---@param path string the file
---@param text string what it holds, without the last line end
--- example: @NAME@.ensure("/tmp/@NAME@", "hello")
function M.ensure(path, text)
  return file_ops.copy { content = text .. "\n", dest = path, mode = "0644" }
end

return M
