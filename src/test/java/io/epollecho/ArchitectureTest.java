package io.epollecho;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;

import io.epollecho.server.SelectorBackend;

import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Holds the package structure: who may know whom. */
class ArchitectureTest {

    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .importPackages("io.epollecho");

    @Test
    void serverDoesNotKnowSpring() {
        noClasses()
                .that()
                .resideInAPackage("io.epollecho.server..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.springframework..", "io.epollecho.spring..")
                .check(CLASSES);
    }

    @Test
    void onlyTheSelectorBackendKnowsEpoll() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.epollecho.epoll..")
                .and()
                .areNotAssignableTo(SelectorBackend.class)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.epollecho.epoll..")
                .check(CLASSES);
    }

    @Test
    void epollKnowsNeitherSpringNorServer() {
        noClasses()
                .that()
                .resideInAPackage("io.epollecho.epoll..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.springframework..", "io.epollecho.server..", "io.epollecho.spring..")
                .allowEmptyShould(true) // until the package has classes
                .check(CLASSES);
    }

    @Test
    void probeKnowsNeitherSpringNorServerNorEpoll() {
        noClasses()
                .that()
                .resideInAPackage("io.epollecho.probe..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.springframework..",
                        "io.epollecho.epoll..",
                        "io.epollecho.server..",
                        "io.epollecho.spring..")
                .check(CLASSES);
    }

    @Test
    void onlyTheApplicationKnowsTheProbe() {
        noClasses()
                .that()
                .resideOutsideOfPackages("io.epollecho", "io.epollecho.probe..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.epollecho.probe..")
                .check(CLASSES);
    }

    @Test
    void nothingDependsOnTheApplication() {
        classes()
                .that()
                .resideInAPackage("io.epollecho")
                .should()
                .onlyHaveDependentClassesThat()
                .resideInAPackage("io.epollecho")
                .check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("io.epollecho.(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void everyPackageIsNullMarked() {
        assertThat(CLASSES)
                .extracting(type -> type.getPackage())
                .isNotEmpty()
                .allSatisfy(ArchitectureTest::isNullMarked);
    }

    private static void isNullMarked(JavaPackage javaPackage) {
        assertThat(javaPackage.isAnnotatedWith(NullMarked.class))
                .as("%s has a package-info with @NullMarked", javaPackage.getName())
                .isTrue();
    }
}
