# `ruby sprockets_site.rb SOURCE OUTPUT CACHE`: every file by a digest. What sprockets would compile, or cannot read, is
# left out: `//= require` in a package's comment names files that only its authors have.
require "sprockets"
require "logger"

source, output, cache = ARGV
environment = Sprockets::Environment.new(source) do |env|
  env.append_path(source)
  env.cache = Sprockets::Cache::FileStore.new(cache, 1 << 30)
  env.logger = Logger.new(File::NULL)
end
compiled = %w[.coffee .eco .ejs .erb .jst .sass .scss .less]
paths = Dir.chdir(source) { Dir.glob("**/*").select { |path| File.file?(path) } }
cached = environment.cached
known = paths.reject { |path| compiled.include?(File.extname(path)) }.select do |path|
  cached.find_asset(path)
rescue StandardError
  nil
end
Sprockets::Manifest.new(cached, output).compile(*known)
warn "#{paths.size - known.size} of #{paths.size} files left out"
