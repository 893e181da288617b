-- In a Neovim with the settings of the page: reads what is wrong with the opened file, and mends it by a key.
-- What was seen is written to $SEEN as JSON.

local seen = { filetype = vim.bo.filetype, before = {}, offered = {} }

local function finish(code)
  vim.fn.writefile({ vim.fn.json_encode(seen) }, vim.env.SEEN)
  vim.cmd(code == 0 and "qall!" or "cquit! " .. code)
end

local function await(what, holds)
  if not vim.wait(30000, holds, 10) then
    seen.waited_for = what
    finish(1)
  end
end

local function findings() return vim.diagnostic.get(0) end

vim.ui.select = function(items, options, choose)
  for _, item in ipairs(items) do
    table.insert(seen.offered, options.format_item and options.format_item(item) or item.title)
  end
  choose(items[1], 1)
end

await("a finding", function() return #findings() > 0 end)
local found = findings()[1]
seen.before = { line = found.lnum, from = found.col, to = found.end_col, message = found.message, code = found.code }
vim.api.nvim_win_set_cursor(0, { found.lnum + 1, found.col })
local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), "\n")
vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes("\\a", true, false, true), "mx", false)
await("a change", function() return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), "\n") ~= text end)
await("no finding", function() return #findings() == 0 end)
seen.text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), "\n")
finish(0)
