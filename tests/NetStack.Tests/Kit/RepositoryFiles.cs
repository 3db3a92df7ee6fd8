namespace NetStack.Tests.Kit;

/// <summary>Files of the repository that tests compare the code with.</summary>
internal static class RepositoryFiles
{
    internal static string Read(string path)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, path))) return File.ReadAllText(Path.Combine(folder.FullName, path));
        }
        throw new FileNotFoundException(path);
    }
}
