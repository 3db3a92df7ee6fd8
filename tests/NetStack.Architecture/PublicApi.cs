using System.Reflection;
using PublicApiGenerator;

namespace NetStack.Architecture;

/// <summary>
/// The public surface of every library as a text file in the diff: a change to it is seen in review.
/// Set UPDATE_PUBLIC_API=1 to write the files anew.
/// </summary>
public sealed class PublicApi
{
    public static TheoryData<string> Libraries => [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
        .Select(Path.GetFileNameWithoutExtension).Cast<string>().Where(n => n is not ("NetStack.Inspect" or "NetStack.Packetdrill")).Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Libraries))]
    public void The_public_api_is_what_its_file_says(string assembly)
    {
        string api = Assembly.Load(assembly).GeneratePublicApi(new ApiGeneratorOptions { IncludeAssemblyAttributes = false }).ReplaceLineEndings("\n") + "\n";
        string file = Path.Combine(Repository.Root, "docs", "api", assembly + ".txt");
        if (Environment.GetEnvironmentVariable("UPDATE_PUBLIC_API") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, api);
        }
        Assert.True(File.Exists(file), $"{Repository.Relative(file)} is missing: run `./ci.sh api` and review the diff.");
        Assert.Equal(File.ReadAllText(file).ReplaceLineEndings("\n"), api);
    }
}
